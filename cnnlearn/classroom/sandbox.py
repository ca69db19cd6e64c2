"""Where student code runs: a bubblewrap sandbox with nothing in it but Python, its packages and an empty folder.

There is no network, no other process, no file of anybody, and nothing to write to but a small /tmp. The worker has
neither a real uid 0 nor a capability: a grader that is root first changes to a user that owns nothing. What that user
could not reach by its path (a Python below /root) is mounted for it, in a mount namespace of its own.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from cnnlearn.classroom import worker_files
from cnnlearn.classroom.clock import Turns
from cnnlearn.classroom.process import Process
from cnnlearn.classroom.verdicts import Stopped

BOOT = """import sys
sys.path[:0] = sys.argv[1].split(":")
from cnnlearn.classroom.inside.worker import main
main(sys.argv[2:])"""
SYSTEM = ("/usr/lib", "/usr/lib64", "/usr/lib32", "/lib", "/lib64", "/lib32")
COURSE = "/course"
FIRST_USER, USERS = 61184, 4096  # of those that systems give to services for as long as these run
NO_BUBBLEWRAP = (
    "bubblewrap is not installed, so student code cannot be kept from this machine's files and network. Install it "
    "(Debian, Ubuntu: apt install bubblewrap), or grade in a machine that you can throw away, with --no-sandbox."
)
UNSAFE = (
    "No sandbox: student code can read this machine's files and reach its network; only its time, memory and output "
    "are limited."
)
MiB = 2**20


class SandboxError(RuntimeError):
    """There is no place where student code may run; the message says what to do."""


@dataclass(frozen=True)
class Limits:
    """What one answer may use. TensorFlow reserves far more memory than it fills, hence limits of its own.

    seconds: wall clock, for all its cases together. memory: bytes of address space of a process. resident: bytes in
    use by all its processes. file_size: of a file. room: bytes of /tmp. printed: bytes of prints.
    """

    seconds: float = 30
    tensorflow_seconds: float = 180
    memory: int = 4096 * MiB
    tensorflow_memory: int = 8192 * MiB
    resident: int = 3072 * MiB
    processes: int = 64
    tensorflow_processes: int = 512
    file_size: int = 16 * MiB
    room: int = 64 * MiB
    printed: int = 4 * MiB


class Sandbox:
    """Starts workers. SandboxError if none can run here.

    unsafe: run them as bare processes, which keeps the limits but nothing else.
    """

    def __init__(self, limits: Limits | None = None, unsafe: bool = False):
        self.limits, self.unsafe = limits or Limits(), unsafe
        self._bubblewrap = None if unsafe else shutil.which("bwrap")
        if not unsafe and not self._bubblewrap:
            raise SandboxError(NO_BUBBLEWRAP)
        self._temporary = tempfile.TemporaryDirectory(prefix="cnnlearn-", ignore_cleanup_errors=True)
        self._folder = Path(self._temporary.name)
        self._folder.chmod(0o755)
        self._lock, self._started, self._options = threading.Lock(), 0, None
        self.turns = Turns()
        worker_files.copy(self._folder / "course")
        self._check()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self) -> None:
        self._temporary.cleanup()

    def start(self, kind: str = "numpy", seconds: float | None = None) -> Process:
        """A worker that is ready, and has not run student code.

        kind: "numpy", "tensorflow" (imported already), or "helper", which has the course's solutions, to lend them.
        seconds: that it may take to start, if not as long as TensorFlow may. SandboxError if it does not start.
        """
        limits = self.limits
        processes = limits.tensorflow_processes if kind == "tensorflow" else limits.processes
        processes += self._others()
        numbers = {"helper": [processes, limits.tensorflow_memory]}.get(kind, [int(kind == "tensorflow"), processes])
        with self._lock:
            self._started += 1
            user = FIRST_USER + (os.getpid() + self._started) % USERS
        course = worker_files.PACKAGE.parent if kind == "helper" else self._folder / "course"
        program = ["help" if kind == "helper" else "work", *map(str, numbers)]
        process = (self._bare if self.unsafe else self._walled)(course, program, user)
        try:
            process.wait_until_ready(limits.tensorflow_seconds if seconds is None else seconds)
        except Stopped as stopped:
            process.kill()
            said = process.printed.decode(errors="replace").strip().splitlines()
            raise SandboxError(f"No worker can be started here: {said[-1] if said else stopped.fact}") from None
        return process

    def _others(self):
        """How many processes of the same user count against the limit, beside those of the worker."""
        release = tuple(map(int, re.match(r"(\d+)\.(\d+)", platform.release()).groups()))
        if os.getuid() == 0 or (not self.unsafe and release >= (5, 14)):
            return 0  # the worker has a user, or a count, of its own
        count = 0
        for tasks in Path("/proc").glob("[0-9]*/task"):
            try:
                count += len(os.listdir(tasks)) if tasks.stat().st_uid == os.getuid() else 0
            except OSError:
                continue  # it has ended
        return count

    def _check(self):
        try:
            self.start().kill()
        except (SandboxError, OSError) as error:
            self.close()
            if os.getuid() == 0 and self.unsafe:
                raise SandboxError(
                    f"{error} You are root; student code runs as a user without rights, who must be able to read "
                    f"{sys.executable} and {self._folder}."
                ) from None
            hint = "" if self.unsafe else " Does this machine let users make namespaces (user.max_user_namespaces)?"
            raise SandboxError(f"{error}{hint}") from None

    def _walled(self, course, program, user):
        executable, folders, packages = _python()
        shown = {folder: folder for folder in folders}
        shown |= {folder: folder for folder in packages if not any(_inside(folder, other) for other in folders)}
        shown[str(course / "cnnlearn")] = f"{COURSE}/cnnlearn"
        root, before = os.getuid() == 0, []
        if root:
            before, shown = self._staged(shown, user)
        options = ["--unshare-all", "--die-with-parent", "--new-session", "--hostname", "sandbox", "--cap-drop", "ALL"]
        options += ["--unshare-user", "--disable-userns"] if self._knows("--disable-userns") else []
        options += ["--uid", "1000", "--gid", "1000"]
        for folder in SYSTEM:
            if os.path.islink(folder):
                options += ["--symlink", os.readlink(folder), folder]
            elif os.path.isdir(folder):
                options += ["--ro-bind", folder, folder]
        options += ["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]
        sized = self._knows("--size")  # before bubblewrap 0.7 a small /tmp is not to be had
        # Before what is shown, since Python and its packages may lie below /tmp themselves.
        options += [*(["--size", str(self.limits.room)] if sized else []), "--tmpfs", "/tmp"]
        for source, target in shown.items():
            options += ["--ro-bind", source, target]
        for folder in packages:
            installed = os.path.join(folder, "cnnlearn")
            if os.path.isdir(installed):
                options += ["--tmpfs", installed, "--remount-ro", installed]
        options += ["--proc", "/proc", "--dev", "/dev", *(["--size", str(MiB)] if sized else []), "--tmpfs", "/dev/shm"]
        options += ["--remount-ro", "/dev", "--chdir", "/tmp", "--remount-ro", "/"]
        options += ["--clearenv"]
        for name, value in _environment("/tmp").items():
            options += ["--setenv", name, value]
        command = _command(executable, packages, COURSE, program)
        # Options go through a pipe: /proc/1/cmdline would show them.
        with tempfile.TemporaryFile() as file:
            file.write(b"".join(os.fsencode(option) + b"\0" for option in options))
            file.seek(0)
            whole = [*before, self._bubblewrap, "--args", str(file.fileno()), "--", *command]
            return Process(whole, self.limits, passed=(file.fileno(),), env={}, cwd="/")

    def _staged(self, shown, user):
        """For root: what comes before bubblewrap, and the folders by paths that a user without rights can reach."""
        tools = [shutil.which(name) for name in ("unshare", "sh", "mount", "setpriv", "env")]
        if not all(tools):
            raise SandboxError("Grading as root needs unshare, mount and setpriv; or grade as another user.")
        unshare, shell, mount, setpriv, env = tools
        script, staged = "", {}
        for number, (source, target) in enumerate(shown.items()):
            place = self._folder / f"mount-{number}"
            place.mkdir(exist_ok=True) if os.path.isdir(source) else place.touch()
            script += f"{mount} --bind \"${number + 1}\" '{place}' && "
            staged[str(place)] = target
        # $0 … are the sources; what follows "--" is run as the user.
        script += f'shift {len(shown)} && exec "$@"'
        before = [unshare, "--mount", "--propagation", "private", "--", shell, "-c", script, "sh", *shown]
        return [*before, setpriv, "--reuid", str(user), "--regid", str(user), "--clear-groups", env, "-i"], staged

    def _knows(self, option):
        """Whether this bubblewrap has an option; older ones lack some."""
        if self._options is None:
            self._options = subprocess.run([self._bubblewrap, "--help"], capture_output=True, text=True, env={}).stdout
        return option in self._options

    def _bare(self, course, program, user):
        executable, _, packages = _python()
        home = Path(tempfile.mkdtemp(prefix="work-", dir=self._folder))
        root = os.getuid() == 0
        if root:
            os.chown(home, user, user)
        as_user = {"user": user, "group": user, "extra_groups": []} if root else {}
        command = _command(executable, packages, str(course), program)
        return Process(command, self.limits, env=_environment(str(home)), cwd=home, **as_user)


def _python():
    """The interpreter, the folders that it needs, and those of its packages."""
    executable, base = os.path.realpath(sys.executable), os.path.realpath(sys.base_prefix)
    packages = {os.path.realpath(sysconfig.get_paths()[key]) for key in ("purelib", "platlib")}
    folders = [executable] if base == "/usr" else [base]  # /usr/lib is there anyhow
    return executable, folders, sorted(packages)


def _command(executable, packages, course, program):
    return [executable, "-I", "-S", "-B", "-u", "-c", BOOT, ":".join([course, *packages]), *program]


def _environment(home):
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
    threads = dict.fromkeys((*threads, "TF_NUM_INTEROP_THREADS"), "1")
    homes = dict.fromkeys(("HOME", "TMPDIR", "MPLCONFIGDIR", "KERAS_HOME"), home)
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "KERAS_BACKEND": "tensorflow"}
    return {"LANG": "C.UTF-8", "CNNLEARN_GRADED": "1", "MPLBACKEND": "agg", **threads, **homes, **quiet}


def _inside(folder, other):
    return os.path.commonpath([folder, other]) == other
