"""Starting the course: a self-check that explains one image, then JupyterLab at lesson 00."""

import os
import subprocess
import sys
from pathlib import Path

FIRST = "lessons/00_images.ipynb"


def learn(folder: Path, port: int) -> None:
    """Runs the self-check, then serves the lessons in `folder` on loopback until interrupted.

    SystemExit with one sentence if the lessons are not there or the check fails.
    """
    if not (folder / FIRST).exists():
        sys.exit(
            f"There is no {FIRST} in {folder.resolve()}. Go to the folder of the course, or give it with --folder."
        )
    picture = (folder / "runs" / "self-check.png").resolve()
    print("Explaining one image, to see that everything works …", flush=True)
    # In a process of its own: TensorFlow's memory is free again when JupyterLab starts.
    if subprocess.run([sys.executable, "-m", "cnnlearn.course.self_check", str(picture)]).returncode:
        sys.exit("The self-check failed; its own words are above. `cnnlearn doctor` says what is missing.")
    print(f"It works. The picture: {picture}", flush=True)
    _serve(folder.resolve(), port)


def _serve(folder, port):
    from jupyterlab.labapp import LabApp

    arguments = ["--ip=127.0.0.1", f"--port={port}", f"--ServerApp.root_dir={folder}"]
    arguments.append(f"--LabApp.default_url=/lab/tree/{FIRST}")
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        arguments.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # in a container; Jupyter refuses root unless it is told
        arguments.append("--allow-root")
    LabApp.launch_instance(argv=arguments)
