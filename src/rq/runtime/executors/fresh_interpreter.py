"""How a fresh interpreter is started to run jobs."""

import subprocess
import sys


def start_interpreter(program: str, title: str, fd: int) -> "subprocess.Popen[bytes]":
    """Start an interpreter with the options of this one; it inherits the environment and the working directory.

    Args:
        program: What it runs. Its arguments are `title`, `fd` and the present `sys.path`.
        title: For process lists.
        fd: The one descriptor, besides the standard ones, that it inherits.

    Raises:
        OSError: The system refuses.
    """
    path = [entry for entry in sys.path if isinstance(entry, str)]
    return subprocess.Popen([sys.executable, *interpreter_options(), "-c", program, title, str(fd), *path], pass_fds=[fd])  # noqa: S603 - this interpreter


def interpreter_options() -> list[str]:
    """Return the options that this interpreter was started with and that change what user code does."""
    flags = sys.flags
    switches = {"-E": flags.ignore_environment, "-s": flags.no_user_site, "-B": flags.dont_write_bytecode}
    options = [option for option, is_set in switches.items() if is_set]
    options += ["-O"] * flags.optimize
    options += [f"-W{option}" for option in sys.warnoptions]
    for name, value in sys._xoptions.items():  # noqa: SLF001 - documented in spite of its name
        options.append(f"-X{name}" if value is True else f"-X{name}={value}")
    return options
