#!/usr/bin/env bash
# Installs a package on a copy of this machine that is thrown away (an overlay in a mount and network namespace of its own), uses
# it, and purges it: bash bin/pack/try-deb.sh FILE.deb, as root. Says what is wrong and ends with 1, or says nothing.
set -euo pipefail

if [ "${TRIED:-}" = "" ]; then
  deb=$(realpath "$1")
  TRIED=outside DEB=$deb exec unshare --mount --net --pid --fork --kill-child "$0"
fi

if [ "$TRIED" = outside ]; then
  folder=$(mktemp -d)
  mount -t tmpfs -o size=1g tmpfs "$folder"
  mkdir "$folder"/{upper,work,system}
  mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" "$folder/system"
  cp "$DEB" "$folder/system/ntpkit.deb"
  cp "$0" "$folder/system/try.sh"
  mount -t proc proc "$folder/system/proc"
  mount -t tmpfs tmpfs "$folder/system/run"
  mount -t tmpfs tmpfs "$folder/system/tmp"
  mount -t tmpfs tmpfs "$folder/system/dev"
  mkdir "$folder/system/dev/shm"
  for device in "null 1 3" "zero 1 5" "random 1 8" "urandom 1 9"; do
    set -- $device
    mknod -m 666 "$folder/system/dev/$1" c "$2" "$3"
  done
  status=0
  TRIED=inside HOME=/root chroot "$folder/system" bash /try.sh || status=$?
  # What is there now of all that was ever written; users stay, as those of other packages do.
  left=$(cd "$folder/upper" && find . -type f -o -type d -name 'ntpkit*' |
    grep -vE '^\./(try\.sh|ntpkit\.deb)$|^\./etc/(\.pwd\.lock|passwd|group|shadow|gshadow|subuid|subgid)-?$|^\./(root|var/(log|cache|lib/(dpkg|systemd)))/' || true)
  [ -z "$left" ] || { echo "try-deb: left behind: $left"; status=1; }
  exit "$status"
fi

wrong=0
fail() { echo "try-deb: $*"; wrong=1; }
expect() { # CODE WORDS…
  local code=$1 got=0
  shift
  "$@" >/tmp/out 2>&1 || got=$?
  [ "$got" = "$code" ] || { fail "$* ended with $got instead of $code:"; cat /tmp/out; }
}
ip link set lo up
rm -f /etc/ntpkit.conf
expect 0 dpkg --force-depends -i /ntpkit.deb
expect 0 ntpkit --version
expect 10 ntpkit query 127.0.0.1:9
expect 0 ntpkit run --check
expect 0 ntpkit man sync
[ -z "$(dpkg -V ntpkit)" ] || fail "dpkg -V: $(dpkg -V ntpkit)"
getent passwd ntpkit >/tmp/out || fail "there is no user ntpkit"
[ -z "$(find /etc/systemd -name 'ntpkit*')" ] || fail "a unit is enabled"
for shell in bash zsh; do command -v "$shell" >/tmp/out && expect 0 "$shell" -n "$(dpkg -L ntpkit | grep -E "$shell.*/_?ntpkit$")"; done
ntpkit serve --address 127.0.0.1 --port 11123 --local-stratum 3 >/tmp/served 2>&1 &
server=$!
for _ in $(seq 50); do ntpkit query --timeout 1s 127.0.0.1:11123 >/tmp/out 2>&1 && break; done
expect 0 ntpkit query 127.0.0.1:11123
# The kernel's stamps are koffi's, which is beside the executable.
ntpkit query -v 127.0.0.1:9 2>&1 | grep -q koffi && fail "koffi's binary is not found"
kill "$server"
wait "$server" || true
# What the administrator has changed stays, here and when the package goes; with a purge everything goes.
echo "# mine" >>/etc/ntpkit.conf
mkdir -p /var/lib/ntpkit /var/log/ntpkit
echo 1 >/var/lib/ntpkit/drift
expect 0 dpkg --force-depends --force-confdef --force-confold -i /ntpkit.deb
grep -q "# mine" /etc/ntpkit.conf || fail "an upgrade has replaced /etc/ntpkit.conf"
expect 0 dpkg -r ntpkit
[ ! -e /usr/bin/ntpkit ] || fail "the command is there without its package"
grep -q "# mine" /etc/ntpkit.conf || fail "removing has removed /etc/ntpkit.conf"
[ -e /var/lib/ntpkit/drift ] || fail "removing has removed what was learned"
expect 0 dpkg -P ntpkit
[ ! -e /var/lib/ntpkit ] || fail "/var/lib/ntpkit is left behind"
exit "$wrong"
