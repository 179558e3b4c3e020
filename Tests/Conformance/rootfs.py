"""The image that the calls are about. Standard library only."""

import io
import shutil
import tarfile

IMAGE = "quell-conformance:1"


def busybox_tar():
    """A root file system: busybox with a link for some of its commands."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name in ("bin", "etc", "tmp", "proc", "sys", "dev", "root", "data"):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        entry = tarfile.TarInfo("bin/busybox")
        with open(shutil.which("busybox"), "rb") as file:
            data = file.read()
        entry.size, entry.mode = len(data), 0o755
        tar.addfile(entry, io.BytesIO(data))
        for name in ("sh", "sleep", "cat", "echo", "true", "false", "ls", "id", "env", "touch", "rm", "stty"):
            entry = tarfile.TarInfo("bin/" + name)
            entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(entry)
        for name, text in (("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"), ("etc/group", "root:x:0:\n")):
            add_file(tar, name, text)
    return out.getvalue()


def add_file(tar, name, text):
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(text), 0o644
    tar.addfile(entry, io.BytesIO(text.encode()))


def one_file_tar(name, text):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        add_file(tar, name, text)
    return out.getvalue()
