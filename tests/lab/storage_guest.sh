# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A guest with real disks to fail: QEMU (emulated, no KVM) with md on virtio disks (a mirror, a mirror with a spare, a container of
# firmware metadata), one that refuses DISCARD, an ATA disk with SMART and an NVMe disk whose health can be set from outside. Debian's cloud kernel and its modules, busybox, mdadm, smartctl, dmsetup and the
# agent under test in an initramfs. Sourced by tests/integration/storage_guest_test.sh:
#
#   storage_needs                 exit 77 and the reason when it cannot be made here
#   storage_image AGENT OUT       the initramfs; the kernel is kept in $STORAGE_CACHE
#   storage_start REDIS_PORT      boots it; its agent reports to that port of this machine's loopback
#   storage_tell WORD...          has the guest do something (see the init below) and waits until it is done
#   storage_qmp JSON              one QMP command
#   storage_stop
#
# All of it is below $STORAGE (a directory the caller makes); every process is ended by its recorded pid.
STORAGE_MODULES="virtio_pci virtio_blk virtio_net ata_piix sd_mod nvme md_mod raid1 dm_mod ext4"

storage_needs() {
	local word
	for word in qemu-system-x86_64 mdadm smartctl dmsetup busybox cpio depmod python3 redis-server apt-get; do
		PATH=$PATH:/usr/sbin:/sbin command -v "$word" >/dev/null || { echo "$word is missing"; exit 77; }
	done
}

# Downloaded and unpacked, never installed: this machine's boot is none of our business.
storage_kernel() {
	local package
	[ ! -s "$STORAGE_CACHE/vmlinuz" ] || return 0
	mkdir -p "$STORAGE_CACHE/new"
	package=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image/ { print $2; exit }')
	(cd "$STORAGE_CACHE/new" && apt-get -q download "$package" >/dev/null 2>&1 && dpkg -x "$package"_*.deb x) ||
		{ echo "no kernel for the guest (apt-get download linux-image-cloud-amd64's)"; exit 77; }
	rm -rf "$STORAGE_CACHE/modules"
	mv "$STORAGE_CACHE/new/x/lib/modules" "$STORAGE_CACHE/modules"
	mv "$STORAGE_CACHE"/new/x/boot/vmlinuz-* "$STORAGE_CACHE/vmlinuz"
	rm -rf "$STORAGE_CACHE/new"
}

storage_program() { # ROOT PROGRAM: with its libraries
	local file
	file=$(readlink -f "$(PATH=$PATH:/usr/sbin:/sbin command -v "$2")")
	cp "$file" "$1/sbin/$(basename "$2")"
	ldd "$file" | grep -o '/[^ ]*' | while read -r file; do
		mkdir -p "$1$(dirname "$file")"
		cp -Ln "$file" "$1$file"
	done
}

storage_modules() { # ROOT: what is wanted, with what it needs
	local version=$1 root=$2 module file
	mkdir -p "$root/lib/modules/$version"
	cp "$STORAGE_CACHE/modules/$version"/modules.{order,builtin,builtin.modinfo} "$root/lib/modules/$version/"
	for module in $STORAGE_MODULES; do
		PATH=$PATH:/usr/sbin:/sbin modprobe -S "$version" -d "$STORAGE_CACHE/tree" --show-depends "$module" 2>/dev/null
	done | awk '/^insmod/ { print $2 }' | sort -u | while read -r file; do
		mkdir -p "$root$(dirname "${file#"$STORAGE_CACHE/tree"}")"
		cp "$file" "$root${file#"$STORAGE_CACHE/tree"}"
	done
	PATH=$PATH:/usr/sbin:/sbin depmod -b "$root" "$version"
}

storage_image() {
	local agent=$1 out=$2 root=$STORAGE/root version word
	storage_kernel
	version=$(basename "$STORAGE_CACHE"/modules/*)
	if [ ! -e "$STORAGE_CACHE/tree/lib/modules" ]; then
		mkdir -p "$STORAGE_CACHE/tree/lib"
		ln -s ../../modules "$STORAGE_CACHE/tree/lib/modules"
		PATH=$PATH:/usr/sbin:/sbin depmod -b "$STORAGE_CACHE/tree" "$version"
	fi
	rm -rf "$root"
	mkdir -p "$root"/{bin,sbin,dev,proc,sys,tmp,run,etc,usr/sbin,vms,data,lib/modules}
	cp "$(command -v busybox)" "$root/bin/busybox"
	for word in sh mount cat echo sleep dd ls mkdir modprobe poweroff ip mke2fs kill tail sync blkdiscard; do ln -s busybox "$root/bin/$word"; done
	for word in mdadm smartctl dmsetup "$agent"; do storage_program "$root" "$word"; done
	ln -s ../../sbin/smartctl "$root/usr/sbin/smartctl"
	storage_modules "$version" "$root"
	sed "s/@MODULES@/$STORAGE_MODULES/" >"$root/init" <<'END'
#!/bin/sh
export PATH=/bin:/sbin:/usr/sbin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mkdir -p /run/mdadm
exec </dev/console >/dev/console 2>&1
for m in @MODULES@; do modprobe $m; done
ip link set lo up; ip link set eth0 up; ip addr add 10.0.2.15/24 dev eth0; ip route add default via 10.0.2.2
for i in 1 2 3 4 5 6 7 8 9; do [ -e /dev/vdb ] && [ -e /dev/sda ] && [ -e /dev/nvme0n1 ] && break; sleep 1; done
mdadm --create /dev/md0 --run --metadata=1.2 --level=1 --raid-devices=2 --assume-clean /dev/vda /dev/vdb
mdadm --create /dev/md1 --run --metadata=1.2 --level=1 --raid-devices=2 --spare-devices=1 --assume-clean /dev/vdc /dev/vdd /dev/vde
mdadm --create /dev/md127 --run --metadata=ddf --level=container --raid-devices=2 /dev/vdf /dev/vdg
mke2fs /dev/md0 >/dev/null; mount -t ext4 /dev/md0 /vms
mke2fs /dev/nvme0n1 >/dev/null; mount -t ext4 /dev/nvme0n1 /data
agent=
echo "@@ ready"
while read -r word; do
	case $word in
	agent) # anew: each disk is asked once when an agent begins, and then every half hour
		[ -z "$agent" ] || { kill $agent; wait $agent; }
		plimsoll-agent --redis redis://10.0.2.2:@PORT@ --cluster storage --host guest --interval 1s \
			--collectors cpu,memory,blocks,md,smart,kmsg,diskstats,edac,hwmon & agent=$! ;;
	fail-member) mdadm /dev/md0 -f /dev/vdb ;;
	fail-spared) # its spare takes over, slowly enough to be seen
		echo 100 >/proc/sys/dev/raid/speed_limit_max; echo 1 >/proc/sys/dev/raid/speed_limit_min
		mdadm /dev/md1 -f /dev/vdd ;;
	full-speed) echo 200000 >/proc/sys/dev/raid/speed_limit_max ;;
	discard) blkdiscard /dev/vdh ;; # the disk refuses it
	bad-blocks) # a device that cannot be read
		dmsetup create bad --table "0 8192 error"; dd if=/dev/dm-0 of=/dev/null bs=4k count=1 ;;
	end) sync; poweroff -f ;;
	esac
	echo "@@ done $word"
done
END
	sed -i "s/@PORT@/$STORAGE_PORT/" "$root/init"
	chmod 755 "$root/init"
	(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$out"
}

storage_start() {
	local disk more=()
	for disk in vda vdb vdc vdd vde ata nvme; do truncate -s 32M "$STORAGE/$disk.img"; done
	for disk in vdf vdg vdh; do truncate -s 96M "$STORAGE/$disk.img"; done # ddf keeps 32 MiB for itself
	for disk in c d e f g; do more+=(-drive "file=$STORAGE/vd$disk.img,format=raw,if=virtio"); done
	more+=(-drive "driver=raw,file.driver=blkdebug,file.image.driver=file,file.image.filename=$STORAGE/vdh.img,file.inject-error.0.event=none,file.inject-error.0.iotype=discard,file.inject-error.0.errno=5,if=virtio,discard=unmap")
	mkfifo "$STORAGE/in"
	qemu-system-x86_64 -M pc -accel tcg -cpu max -smp 1 -m 640 -display none -nodefaults \
		-serial stdio -monitor none -kernel "$STORAGE_CACHE/vmlinuz" -initrd "$STORAGE/initrd.img" \
		-append "console=ttyS0 quiet panic=-1" -no-reboot \
		-drive "file=$STORAGE/vda.img,format=raw,if=virtio" -drive "file=$STORAGE/vdb.img,format=raw,if=virtio" "${more[@]}" \
		-drive "file=$STORAGE/ata.img,format=raw,if=none,id=ata" -device ide-hd,drive=ata,serial=ATA0001 \
		-drive "file=$STORAGE/nvme.img,format=raw,if=none,id=nvme" -device nvme,id=nvme0,drive=nvme,serial=NVME0001 \
		-netdev user,id=net0,restrict=off -device virtio-net-pci,netdev=net0 \
		-qmp "unix:$STORAGE/qmp,server=on,wait=off" <"$STORAGE/in" >"$STORAGE/console" 2>&1 &
	STORAGE_PID=$!
	exec 9>"$STORAGE/in"
}

storage_said() { tr -d '\r' <"$STORAGE/console" | grep -aqx "@@ $1"; }
storage_await() { # WORDS: 60 s at most
	local i
	for ((i = 0; i < 600; i++)); do
		storage_said "$1" && return 0
		kill -0 "$STORAGE_PID" 2>/dev/null || break
		sleep 0.1
	done
	echo "the guest did not say: $1"
	return 1
}
storage_tell() {
	echo "$1" >&9
	storage_await "done $1"
}
storage_qmp() {
	python3 - "$STORAGE/qmp" "$1" <<'END'
import json, socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
f = s.makefile("rw")
f.readline()
for command in ('{"execute": "qmp_capabilities"}', sys.argv[2]):
    f.write(command + "\n")
    f.flush()
    answer = json.loads(f.readline())
    while "event" in answer:
        answer = json.loads(f.readline())
    if "error" in answer:
        sys.exit(str(answer["error"]))
END
}
storage_stop() {
	[ -n "${STORAGE_PID:-}" ] || return 0
	exec 9>&-
	kill "$STORAGE_PID" 2>/dev/null
	wait "$STORAGE_PID" 2>/dev/null
	STORAGE_PID=
}
