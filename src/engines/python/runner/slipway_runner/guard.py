"""What the process may do: it ends with who started it, leaves no core, writes only where it may, and opens no connection.

Nothing here needs rights. What a system does not have is left out, and told.
"""

import ctypes
import os
import select
import signal
import struct
import sys
import threading

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION = 1
_CAPABILITIES_VERSION = 0x20080522
_DAC_READ_SEARCH = 2
_PATH_BENEATH = 1

# Landlock's rights to change files, each with the first version that knows it. @see linux/landlock.h
_WRITE_FILE = 1 << 1
_CHANGES = sum(1 << bit for bit in (1, 4, 5, 6, 7, 8, 9, 10, 11, 12))
_REFER, _TRUNCATE = 1 << 13, 1 << 14
_TCP = 0b11
_SCOPES = 0b11  # abstract sockets and signals


def end_with_parent(channel):
    """A process that nobody can ask any more ends, whatever it is doing."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)

    def watch():
        poll = select.poll()
        poll.register(channel.fileno(), select.POLLHUP)
        while True:
            for _, events in poll.poll():
                if events & (select.POLLHUP | select.POLLERR | select.POLLNVAL):
                    end()

    threading.Thread(target=watch, name="slipway-watch", daemon=True).start()


def end():
    """Ends this process, and what it has started, at once: neither threads nor exit handlers of the user's code hold it up."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def leave_no_core():
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, ValueError, OSError):
        pass


def _drop_capabilities(libc):
    """Of root's rights only that to read all files stays: with the others, the environment of our own processes could be read."""
    header = struct.pack("<Ii", _CAPABILITIES_VERSION, 0)
    held = (ctypes.c_uint32 * 6)()  # effective, permitted and inheritable ones, low half and high half
    if libc.capget(header, held) == 0:
        libc.capset(header, struct.pack("<6I", *(each & 1 << _DAC_READ_SEARCH for each in held[:2]), 0, 0, 0, 0))


def restrict(writable):
    """Takes from this process, for good, the right to change files outside some folders, and to use TCP.

    Returns what holds now: {"files": bool, "tcp": bool, "signals": bool}.
    """
    held = {"files": False, "tcp": False, "signals": False}
    if not sys.platform.startswith("linux"):
        return held
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))
    if version < 1:
        return held
    changes = _CHANGES | (_REFER if version >= 2 else 0) | (_TRUNCATE if version >= 3 else 0)
    attributes = struct.pack("<Q", changes)
    if version >= 4:
        attributes += struct.pack("<Q", _TCP)
    if version >= 6:
        attributes += struct.pack("<Q", _SCOPES)
    ruleset = libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0))
    if ruleset < 0:
        return held
    try:
        devices = _WRITE_FILE | (_TRUNCATE if version >= 3 else 0)
        for path, rights in [(folder, changes) for folder in writable] + [("/dev/shm", changes), ("/dev", devices)]:
            try:
                folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except OSError:
                continue
            try:
                rule = struct.pack("<Qi", rights, folder)
                libc.syscall(_ADD_RULE, ctypes.c_int(ruleset), _PATH_BENEATH, rule, ctypes.c_uint32(0))
            finally:
                os.close(folder)
        if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            return held
        _drop_capabilities(libc)
        if libc.syscall(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0)) != 0:
            return held
    finally:
        os.close(ruleset)
    return {"files": True, "tcp": version >= 4, "signals": version >= 6}
