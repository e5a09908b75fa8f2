#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# plimsoll setup libvirt for the packaged service's user, whose account and home are made by the packages' own sysusers and
# tmpfiles: as root with --user, and as that user by runuser. The key is made in its home, for it alone, and the service under
# that user finds it. Needs root, a mount namespace, systemd-sysusers and systemd-tmpfiles, ssh. Argument: the build folder.
set -u
B=$(realpath "${1:-build/dev}")
for tool in systemd-sysusers systemd-tmpfiles ssh-keygen ssh runuser; do command -v $tool >/dev/null || { echo "no $tool"; exit 77; }; done
[ "$(id -u)" = 0 ] || { echo "not root"; exit 77; }
if [ -z "${SETUP_USER:-}" ]; then
	unshare -mn true 2>/dev/null || { echo "no namespaces"; exit 77; }
	SETUP_USER=1 exec unshare -mn "$0" "$B"
fi
. tests/story.sh
mount --make-rprivate / && ip link set lo up || { echo "no mounts"; exit 77; }
D=$(mktemp -d) || exit 1
chmod 711 "$D"
trap 'rm -rf "$D"' EXIT

# an account and a home as on a machine where the packages were just installed
mkdir -p "$D/root/etc" "$D/bin"
printf 'root:x:0:0:root:/root:/bin/bash\n' >"$D/root/etc/passwd"
printf 'root:x:0:\n' >"$D/root/etc/group"
systemd-sysusers --root="$D/root" "$(realpath deploy/systemd/plimsolld.sysusers)" >/dev/null 2>&1
check "sysusers makes the account" grep -qE '^plimsoll:x:[0-9]+:[0-9]+:Plimsoll service:/var/lib/plimsoll:/usr/sbin/nologin$' "$D/root/etc/passwd"
for f in passwd group; do mount --bind "$D/root/etc/$f" "/etc/$f"; done
mount -t tmpfs none /var/lib
systemd-tmpfiles --create "$(realpath deploy/systemd/plimsolld.tmpfiles)" >/dev/null 2>&1
mode() { stat -c '%U %a' "$1"; }
check "tmpfiles makes its home" [ "$(mode /var/lib/plimsoll)" = 'plimsoll 750' ]
check "and the folder of its key" [ "$(mode /var/lib/plimsoll/.ssh)" = 'plimsoll 700' ]
cp "$B/plimsoll" "$D/bin" && chmod 755 "$D/bin/plimsoll"

U='--set service.uri=qemu+ssh://root@{host}/system'
H=127.0.0.1 # nobody listens there: the key is made, and what is wrong is said
K=/var/lib/plimsoll/.ssh/id_ed25519
says() { grep -q -- "$@" "$D/out" || { cat "$D/out"; false; }; }
timeout 60 "$D/bin/plimsoll" setup libvirt --user plimsoll $U $H >"$D/out" 2>&1
status=$?
check "root, for the service's user: something is wrong still" [ $status = 3 ]
check "but its key is there, for it alone" [ "$(mode $K)" = 'plimsoll 600' ]
check "and shown, with where its public line goes" says "ssh key of user plimsoll: $K (made now)"
check "(the line)" says "$(cut -d' ' -f2 $K.pub)"
check "nothing of root's was made there" [ -z "$(find /var/lib/plimsoll -user root)" ]
before=$(sha256sum $K)
runuser -u plimsoll -- timeout 60 "$D/bin/plimsoll" setup libvirt $U $H >"$D/out" 2>&1
status=$?
check "the user itself, by runuser: the same" [ $status = 3 ]
check "the same key" says "ssh key of user plimsoll: $K\$"
check "which is not overwritten" [ "$(sha256sum $K)" = "$before" ]
check "HOME of who called is not used" [ -z "$(find /root/.ssh -newer $K 2>/dev/null)" ]
rm -r /var/lib/plimsoll/.ssh
timeout 60 "$D/bin/plimsoll" setup libvirt --user plimsoll --dry-run $U $H >"$D/out" 2>&1
check "a dry run makes nothing" [ ! -e $K ]
timeout 60 "$D/bin/plimsoll" setup libvirt --user nobody-here $U $H >"$D/out" 2>&1
check "a user that is none is refused" [ $? = 2 ]
check "and named" says 'nobody-here'
runuser -u plimsoll -- timeout 60 "$D/bin/plimsoll" setup libvirt --user root $U $H >"$D/out" 2>&1
check "only root may do it for another" [ $? = 2 ]
[ "$story_failed" = 0 ]
