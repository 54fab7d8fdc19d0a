#!/bin/sh
# Boots systemd as process 1 of namespaces of its own, on a root that is thrown away: the machine's files below, a tmpfs
# above. Called inside a host's network namespace as  boot.sh FOLDER GROUP SYSTEMD PACKAGE NODE  with
#   FOLDER   units/ and etc/ to be installed, shared/ to be seen as /lab, and the shim clock.so
#   GROUP    the name of a control group to be made
#   SYSTEMD  where the package of systemd is unpacked
#   PACKAGE  ntpkit's folder
#   NODE     the program
# systemd is told that it is in a container, so it leaves clock, kernel and modules alone; and the shim keeps it from the clock
# in any case.
set -eu
folder=$1 group=$2 systemd=$3 package=$4 node=$5

if [ "${6-}" != inside ]; then
	# A control group of its own: its processes end with it, and the machine's are not seen.
	mkdir -p "$folder/cgroup"
	mount --make-rprivate /
	mount -t cgroup2 cgroup2 "$folder/cgroup"
	mkdir -p "$folder/cgroup/$group"
	echo 0 > "$folder/cgroup/$group/cgroup.procs"
	exec unshare --pid --mount --uts --ipc --cgroup --fork --kill-child "$0" "$folder" "$group" "$systemd" "$package" "$node" inside
fi

root=$folder/root
mkdir -p "$folder/layer" "$root"
mount -t tmpfs tmpfs "$folder/layer"
mkdir "$folder/layer/upper" "$folder/layer/work"
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/layer/upper,workdir=$folder/layer/work" "$root"

# What the machine may lack, or has in another version.
for part in "$systemd"/*; do
	[ ! -d "$part" ] || { mkdir -p "$root/${part##*/}"; cp -a "$part/." "$root/${part##*/}/"; }
done

mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs tmpfs "$root/sys/fs/cgroup"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
for place in run tmp dev; do mount -t tmpfs tmpfs "$root/$place"; done
for device in null zero full random urandom tty; do
	touch "$root/dev/$device"
	mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
mount -t tmpfs tmpfs "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"

# Of the machine's services none is started.
rm -rf "$root/var/lib/ntpkit" "$root/var/lib/private/ntpkit" "$root/var/log/ntpkit" "$root/var/log/private/ntpkit"
rm -rf "$root/etc/systemd/system" "$root"/usr/lib/systemd/system/*.wants "$root"/lib/systemd/system/*.wants "$root/etc/machine-id" "$root/etc/localtime"
mkdir -p "$root/etc/systemd/system"
echo 0123456789abcdef0123456789abcdef > "$root/etc/machine-id"
cp -a "$folder/units/." "$root/etc/systemd/system/"
cp -a "$folder/etc/." "$root/etc/"

# ntpkit as a package manager would install it, and node where services look for it.
mkdir -p "$root/usr/lib/ntpkit" "$root/lab" "$root/usr/local/bin"
mount --bind "$package" "$root/usr/lib/ntpkit"
ln -sf /usr/lib/ntpkit/bin/ntpkit.js "$root/usr/bin/ntpkit"
[ -x "$root/usr/bin/node" ] || ln -sf "$node" "$root/usr/local/bin/node"
cp "$folder/clock.so" "$root/usr/lib/ntpkit-lab-clock.so"
chmod 755 "$root/usr/lib/ntpkit-lab-clock.so"
mount --bind "$folder/shared" "$root/lab"

mkdir "$root/old"
cd "$root"
pivot_root . old
umount -l /old
exec env -i container=lab LD_PRELOAD=/usr/lib/ntpkit-lab-clock.so PATH=/usr/sbin:/usr/bin:/sbin:/bin \
	/lib/systemd/systemd --system --unit=lab.target --log-target=journal --show-status=no
