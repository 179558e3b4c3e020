#!/usr/bin/env python3
"""Runs a command on a pseudo-terminal and talks to it: terminal.py [-WxH] COMMAND... -- STEP...

Steps, in order: "<text" waits until the text was printed, ">text" types it (with \\n, \\x10 and the like), "=WxH" changes the
size. After the last one the end of the command is awaited. Prints the steps and the status; what the terminal showed, with
its echoes and escapes that come in any order, goes to standard error.
"""
import fcntl, os, pty, select, struct, sys, termios, time

LIMIT = 20


def resize(terminal, size):
    columns, rows = map(int, size.split("x"))
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def main(arguments):
    size = arguments.pop(0)[1:] if arguments[0].startswith("-") else "80x24"
    end = arguments.index("--")
    command, steps = arguments[:end], arguments[end + 1:]
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(command[0], command)
    resize(terminal, size)
    shown, seen, failure = bytearray(), 0, None

    def read(deadline):
        """False at the end of the output."""
        if not select.select([terminal], [], [], max(0, deadline - time.monotonic()))[0]:
            raise TimeoutError
        try:
            chunk = os.read(terminal, 4096)
        except OSError:  # EIO: nobody has the other side open any more
            return False
        shown.extend(chunk)
        return bool(chunk)

    try:
        for step in steps:
            verb, text = step[0], step[1:]
            print(step.encode("unicode_escape").decode())
            awaited = "expected " + repr(text)
            if verb == "<":
                deadline, words = time.monotonic() + LIMIT, text.encode()
                while (at := shown.find(words, seen)) < 0:
                    if not read(deadline):
                        raise EOFError
                seen = at + len(words)
            elif verb == ">":
                os.write(terminal, text.encode().decode("unicode_escape").encode("latin-1"))
            elif verb == "=":
                resize(terminal, text)
            else:
                sys.exit("no step: " + step)
        awaited, deadline = "end of the command", time.monotonic() + LIMIT
        while read(deadline):
            pass
    except TimeoutError:
        failure = "after %d s still no %s" % (LIMIT, awaited)
        os.kill(child, 9)
    except EOFError:
        failure = "ended before: " + awaited
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    sys.stderr.write(shown.decode(errors="replace"))
    if failure:
        print("[%s] after %r" % (failure, bytes(shown[-200:])))
    print("[%d]" % status)


main(sys.argv[1:])
