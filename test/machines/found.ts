/** Rows that found a fault, by their names for `--only`, each with what it was: they are run again for good. */
export const FOUND: Readonly<Record<string, string>> = {
  "readvar/quiet/fsync=EAFNOSUPPORT/stale/ipv4":
    "koffi syncs standard output as the process ends, and waits for ever where that fails",
  "demo/json/sockets=EACCES/closed/ipv4": "a socket that was refused was told as a bug",
  "demo/text/receiving=EACCES/daemon/ipv6": "an error of a server's socket was thrown, and its stack printed",
  "demo/quiet/own-address=EACCES/slow/ipv4":
    "of what is thrown several times at once only the first was told without a stack",
  "serve/json/no-proc/good/ipv4": "without /proc giving up root was told as a bug, half done",
  "simulate-runs/verbose/no-folder/good/ipv4": "a thread that did not begin was told as a bug",
  "query-autokey/quiet/own-address=EAFNOSUPPORT/stale/ipv4":
    "our own address, asked of a socket, was thrown where it is not told",
  "adopt-nothing/quiet/no-folder/good/ipv4": "a relative root in a folder that was removed was told as a bug",
};
