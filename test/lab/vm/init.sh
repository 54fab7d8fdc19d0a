#!/bin/busybox sh
# The first process of the virtual machine (machine.ts): mounts, network modules, and then a shell for the lab on the second
# serial line. A line in is a command in base64; the line out for it is its exit code, its output and its errors, in base64.
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs run /run
for module in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci failover net_failover virtio_net; do
  insmod "/modules/$module.ko"
done
ip link set lo up
told &
stty -F /dev/ttyS1 raw -echo
exec </dev/ttyS1 >/dev/ttyS1
echo ready
while read -r line; do
  echo "$line" | base64 -d >/tmp/command
  sh /tmp/command >/tmp/out 2>/tmp/err </dev/null
  echo "$? $(base64 -w 0 /tmp/out) $(base64 -w 0 /tmp/err)"
done
