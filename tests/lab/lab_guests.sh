# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Guests: images, domain XML, boot, migration by virsh, self tests. Sourced by lab.

guest_image() {
	[ -s "$SHARE/tiny.elf" ] || {
		gcc -m32 -std=gnu17 -O2 -ffreestanding -fno-pic -fno-stack-protector -fno-asynchronous-unwind-tables -mno-sse \
			-c -o "$LAB/tiny.o" "$LAB_SOURCE/tiny.c" &&
			ld --no-warn-rwx-segments -m elf_i386 -T "$LAB_SOURCE/tiny.ld" -o "$SHARE/tiny.elf" "$LAB/tiny.o"
	} || die "the tiny guest does not compile"
	case ${LAB_GUEST:-tiny} in
	tiny) ;;
	linux) linux_kernel && linux_initrd ;;
	*) die "LAB_GUEST: 'tiny' or 'linux', not '$LAB_GUEST'" ;;
	esac
}

# The kernel of Debian's cloud image with its virtio modules: downloaded and unpacked, never installed.
LINUX_MODULES="virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_balloon"
linux_kernel() {
	local dir=$LAB/kernel package module
	[ ! -s "$SHARE/vmlinuz" ] || return 0
	mkdir -p "$dir" && chmod 755 "$dir"
	package=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image/ { print $2; exit }')
	(cd "$dir" && apt-get -q download "$package" >/dev/null && dpkg -x "$package"_*.deb x) ||
		die "no kernel for the linux guest (apt-get download linux-image-cloud-amd64's)"
	cp "$dir"/x/boot/vmlinuz-* "$SHARE/vmlinuz"
	for module in $LINUX_MODULES; do find "$dir/x" -name "$module.ko" -exec cp {} "$SHARE/" \;; done
	rm -rf "$dir"
}
linux_initrd() {
	local root=$LAB/initrd name
	[ ! -s "$SHARE/initrd.img" ] || return 0
	mkdir -p "$root"/{bin,dev,proc,sys,tmp}
	command -v busybox cpio >/dev/null || die "the linux guest needs busybox-static and cpio"
	cp "$(command -v busybox)" "$SHARE"/*.ko "$root/" && mv "$root/busybox" "$root/bin/"
	for name in sh mount cat echo sleep cut insmod; do ln -sf busybox "$root/bin/$name"; done
	gcc -std=gnu17 -D_GNU_SOURCE -O2 -static -s -o "$root/bin/dirty" "$LAB_SOURCE/dirty.c" || die "dirty.c does not compile"
	sed "s/@MODULES@/$LINUX_MODULES/" >"$root/init" <<'END'
#!/bin/sh
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
exec </dev/console >/dev/console 2>&1
name=? dirty=0 rate=0
for word in $(cat /proc/cmdline); do
	case $word in lab.dirty=*) dirty=${word#*=} ;; lab.rate=*) rate=${word#*=} ;; lab.name=*) name=${word#*=} ;; esac
done
for m in @MODULES@; do insmod /$m.ko; done
echo "LAB-GUEST-UP $name"
[ "$dirty" = 0 ] || dirty "$dirty" "$rate" &
i=0
while :; do i=$((i + 1)); echo "tick $i up $(cut -d' ' -f1 /proc/uptime)"; sleep 1; done
END
	chmod 755 "$root/init"
	(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$SHARE/initrd.img"
	rm -rf "$root"
}

# guest_options [WORD...]: sets mem dirty rate burn fill persist swing every of the caller
guest_options() {
	local word order=(mem dirty rate burn) next=0
	mem=32 dirty=0 rate=0 burn=0 fill=0 persist=0 swing=0 every=0
	for word in "$@"; do
		[[ $word == *=* ]] || { word="${order[next]:-too-many}=$word" && next=$((next + 1)); }
		[[ $word =~ ^(mem|dirty|rate|burn|fill|persist|swing|every)=[0-9]+$ ]] || {
			echo "lab: boot: mem=, dirty=, rate=, burn=, fill=, persist=, swing= or every= and a whole number, not '$word'" >&2
			exit 2
		}
		printf -v "${word%%=*}" '%s' "${word#*=}"
	done
}

guest_xml() { # NAME [WORD...]
	local name=$1 boot mem dirty rate burn fill persist swing every
	shift
	guest_options "$@"
	if [ "${LAB_GUEST:-tiny}" = linux ]; then
		boot="<kernel>$SHARE/vmlinuz</kernel><initrd>$SHARE/initrd.img</initrd>
    <cmdline>console=ttyS0 quiet lab.name=$name lab.dirty=$dirty lab.rate=$rate</cmdline>"
	else
		boot="<kernel>$SHARE/tiny.elf</kernel><cmdline>name=$name dirty=$dirty rate=$rate burn=$burn fill=$fill swing=$swing every=$every</cmdline>"
	fi
	# append='on': the same serial log goes on after a migration. tb-cache: QEMU would take a GiB for its translations.
	cat <<END
<domain type='qemu'>
  <name>$name</name>
  <memory unit='MiB'>$mem</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type>
    $boot
  </os>
  <features><acpi/><tcg><tb-cache unit='MiB'>32</tb-cache></tcg></features>
  <cpu mode='custom' match='exact' check='none'><model fallback='forbid'>qemu64</model></cpu>
  <on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    ${LAB_DISK:-}
    <controller type='usb' model='none'/>
    <serial type='file'><source path='$SHARE/$name.ser' append='on'/><target port='0'/></serial>
    <memballoon model='virtio'><stats period='1'/></memballoon>
  </devices>
</domain>
END
}

guest_is_up() { grep -aq LAB-GUEST-UP "$SHARE/$1.ser"; }
guest_boot() { # HOST NAME [WORD...]
	local h=$1 name=$2 mem dirty rate burn fill persist swing every
	shift 2
	host_known "$h"
	guest_options "$@"
	: >"$SHARE/$name.ser"
	guest_xml "$name" "$@" >"$LAB/$name.xml"
	if [ "$persist" = 0 ]; then
		ctl_run virsh -q -c "$(host_uri "$h")" create "$LAB/$name.xml"
	else
		ctl_run virsh -q -c "$(host_uri "$h")" define "$LAB/$name.xml" &&
			ctl_run virsh -q -c "$(host_uri "$h")" start "$name"
	fi || return 1
	retry 600 0.05 guest_is_up "$name" || die "$name was started on $h and does not say so within 30 s"
}
guest_migrate() { # NAME SRC DST options
	local name=$1 from=$2 to=$3 t
	shift 3
	t=$(now)
	ctl_run virsh -q -c "$(host_uri "$from")" migrate --live --p2p "$@" "$name" "$(host_uri "$to")" || return 1
	echo "$name $from->$to $(since "$t") s"
}
guest_ticks() {
	[ -f "$SHARE/$1.ser" ] || die "no guest '$1' was booted"
	awk '/^LAB-GUEST-UP/ { starts++ } /^tick [0-9]/ { tick = $2 } END { printf "starts=%d tick=%d\n", starts, tick }' \
		"$SHARE/$1.ser"
}
lab_list() {
	local h
	# shellcheck disable=SC2046 # one word a host
	[ $# -gt 0 ] || set -- $(hosts)
	for h in "$@"; do
		echo "$h: $(ctl_run timeout 10 virsh -q -c "$(host_uri "$h")" list --name 2>/dev/null | grep . | tr '\n' ' ')"
	done
}

# ---- self tests -----------------------------------------------------------------------------------------------------

lab_demo() { # three guests, one round of moves
	local i
	for i in 1 2 3; do guest_boot h1 "demo$i" mem=32 dirty=8 rate=4 || return 1; done
	lab_list
	guest_migrate demo1 h1 h2 && guest_migrate demo2 h1 h3 --bandwidth 20 &&
		guest_migrate demo3 h1 h2 --auto-converge || return 1
	lab_list
	for i in demo1:h2 demo2:h3 demo3:h2; do ctl_run virsh -q -c "$(host_uri "${i#*:}")" destroy "${i%:*}"; done
}

lab_soak() { # COUNT migrations of one guest round the hosts; its counter must go on without a restart
	local count=${1:-20} i t to ring
	mapfile -t ring < <(hosts)
	[ ${#ring[@]} -ge 2 ] || die "soak: two hosts are needed"
	t=$(now)
	guest_boot "${ring[0]}" soak mem=64 dirty=8 rate=4 || die "soak: the guest does not boot"
	for ((i = 0; i < count; i++)); do
		to=${ring[$(((i + 1) % ${#ring[@]}))]}
		guest_migrate soak "${ring[$((i % ${#ring[@]}))]}" "$to" || die "soak: migration $((i + 1)) failed"
	done
	sleep 2
	[ "$(ctl_run virsh -q -c "$(host_uri "$to")" domstate soak)" = running ] || die "soak: not running on $to"
	[[ $(guest_ticks soak) == starts=1\ * ]] || die "soak: the guest was restarted"
	ctl_run virsh -q -c "$(host_uri "$to")" destroy soak >/dev/null
	echo "soak: $count migrations in $(since "$t") s, $(guest_ticks soak)"
}
