#!/usr/bin/env python3
"""Runs a program that the kernel refuses some system calls, as service managers, containers and phones do.

    refuse.py 'socket(16)=EAFNOSUPPORT' 'setsockopt(,1,65)=ENOPROTOOPT' recvmmsg=ENOSYS -- PROGRAM ARGUMENT...

A call is named with those of its arguments that matter, by number; the program sees the error instead of the call. Needs no
privilege: the filter (seccomp(2)) comes with the promise to gain none. Numbers of calls are those of x86-64 and arm64.
"""
import ctypes
import errno
import os
import platform
import re
import struct
import sys

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# Each call's number on x86-64 and on arm64, which does without some: nothing is to be refused there.
CALLS = {
    "openat": (257, 56),
    "socket": (41, 198),
    "bind": (49, 200),
    "connect": (42, 203),
    "setsockopt": (54, 208),
    "sendto": (44, 206),
    "sendmsg": (46, 211),
    "sendmmsg": (307, 269),
    "recvmsg": (47, 212),
    "recvmmsg": (299, 243),
    "prctl": (157, 167),
    "capset": (126, 91),
    "clock_adjtime": (305, 266),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "settimeofday": (164, 170),
    "getrandom": (318, 278),
    "flock": (73, 32),
    "fsync": (74, 82),
    "statx": (332, 291),
    "clone3": (435, 435),
    "epoll_create1": (291, 20),
    "io_uring_setup": (425, 425),
    "getcpu": (309, 168),
    "sched_setaffinity": (203, 122),
    "setuid": (105, 146),
    "setgroups": (116, 159),
    "capget": (125, 90),
    "getsockopt": (55, 209),
    "getsockname": (51, 204),
    "eventfd2": (290, 19),
    "clock_getres": (229, 114),
    "sched_getaffinity": (204, 123),
    "uname": (63, 160),
    "ioctl": (16, 29),
    "fdatasync": (75, 83),
    "rename": (82, None),
    "renameat": (264, 38),
    "renameat2": (316, 276),
    "mkdir": (83, None),
    "mkdirat": (258, 34),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchown": (93, 55),
    "mlockall": (151, 230),
    "madvise": (28, 233),
    "fork": (57, None),
    "vfork": (58, None),
    "execveat": (322, 281),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "setpriority": (141, 140),
    "setgid": (106, 144),
    "setresuid": (117, 147),
    "setresgid": (119, 149),
}

PR_SET_NO_NEW_PRIVS = 38
PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
ALLOW = 0x7FFF0000
ERRNO = 0x00050000

LOAD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K


def statement(code, k, true=0, false=0):
    return struct.pack("=HBBI", code, true, false, k)


def rule(text, column):
    """The statements of one refusal; they fall through where the call is another."""
    matched = re.fullmatch(r"(\w+)(?:\(([\d,]*)\))?=(E\w+)", text)
    if matched is None or matched[1] not in CALLS or not hasattr(errno, matched[3]):
        sys.exit(f"refuse.py: {text} is no CALL(ARGUMENT,…)=ERROR that is known here")
    name, arguments, error = matched.groups()
    if CALLS[name][column] is None:
        return []
    tests = [(0, CALLS[name][column])]
    # struct seccomp_data: number, architecture, instruction pointer, then six arguments of 64 bits; the low words are enough.
    tests += [(16 + 8 * n, int(value)) for n, value in enumerate((arguments or "").split(",")) if value != ""]
    statements = []
    for n, (offset, value) in enumerate(tests):
        left = 2 * (len(tests) - n - 1) + 1
        statements += [statement(LOAD, offset), statement(JUMP_EQUAL, value, 0, left)]
    return statements + [statement(RETURN, ERRNO | getattr(errno, error))]


def main():
    if "--" not in sys.argv:
        sys.exit(__doc__)
    at = sys.argv.index("--")
    refusals, program = sys.argv[1:at], sys.argv[at + 1 :]
    machine = platform.machine()
    if machine not in ARCHITECTURES:
        sys.exit(f"refuse.py: no numbers of system calls for {machine}")
    column = list(ARCHITECTURES).index(machine)
    statements = [statement(LOAD, 4), statement(JUMP_EQUAL, ARCHITECTURES[machine], 1, 0), statement(RETURN, ALLOW)]
    for text in refusals:
        statements += rule(text, column)
    statements.append(statement(RETURN, ALLOW))
    code = ctypes.create_string_buffer(b"".join(statements))
    head = ctypes.create_string_buffer(struct.pack("@HP", len(statements), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
    for words in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(head), 0, 0)):
        if libc.prctl(*words) != 0:
            sys.exit(f"refuse.py: {os.strerror(ctypes.get_errno())}")
    os.execvp(program[0], program)


main()
