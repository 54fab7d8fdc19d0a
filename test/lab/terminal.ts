/** A terminal for programs that draw: a pseudo-terminal of Python's, whose every octet goes to standard output. */

/** The words that run others on a terminal. */
export function onTerminal(argv: readonly string[], columns: number | undefined): readonly string[] {
  return columns === undefined ? argv : ["python3", "-c", ON_TERMINAL, String(columns), ...argv];
}

const ON_TERMINAL = `
import fcntl, os, pty, struct, sys, termios
columns, argv = int(sys.argv[1]), sys.argv[2:]
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    os.environ["TERM"] = "xterm"
    os.execvp(argv[0], argv)
while True:
    try: data = os.read(fd, 65536)
    except OSError: break
    if not data: break
    os.write(1, data)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;
