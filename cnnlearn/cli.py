"""The command `cnnlearn`."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def learn(
    port: Annotated[int, typer.Option(help="where JupyterLab listens on this machine")] = 8888,
    folder: Annotated[Path, typer.Option(help="the folder that holds lessons/")] = Path("."),
):
    """Explain one image as a self-check, then open JupyterLab at lesson 00."""
    from cnnlearn.course.learn import learn

    learn(folder, port)


@app.command()
def doctor():
    """Say in plain words what is missing on this machine, if anything is."""
    from cnnlearn.course.doctor import examine

    findings = examine()
    for finding in findings:
        typer.echo(f"{'✓' if finding.fine else '✗'} {finding.text}")
    raise typer.Exit(code=0 if all(finding.fine for finding in findings) else 1)


@app.command()
def progress():
    """Show which exercises are solved."""
    from cnnlearn.course.overview import overview

    overview()


@app.command()
def report(
    notebook: Annotated[Path, typer.Argument(help="your notebook or Python file")],
    function: Annotated[str, typer.Argument(help="the function that was judged, as channel_weights")],
):
    """Write down a wrong answer that the judge could not name, to send it in: its code and the verdict."""
    from cnnlearn.classroom.unrecognised import form, report

    try:
        typer.echo(report(notebook, function))
    except ValueError as error:
        raise SystemExit(str(error)) from None
    typer.echo(f"Read it before you send it: it holds your code. The form to paste it into: {form()}", err=True)


@app.command()
def build(
    lessons: Annotated[list[int] | None, typer.Argument(help="numbers of lessons; all if none is given")] = None,
    folder: Annotated[Path, typer.Option(help="the folder that holds lessons/ and solutions/")] = Path("."),
):
    """Make the notebooks in lessons/ and solutions/ from lessons/text/."""
    from cnnlearn.course.build import build
    from cnnlearn.course.text import LessonError

    try:
        build(folder, lessons)
    except LessonError as error:
        raise SystemExit(str(error)) from None


@app.command()
def grade(
    submissions: Annotated[Path, typer.Argument(help="a folder or a zip: for each student a subfolder or a file")],
    lesson: Annotated[int, typer.Option(help="the number of the lesson")],
    out: Annotated[Path | None, typer.Option(help="receives the reports; grades/NN if not given")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="at once, on this machine; one a processor")] = None,
    scheduler: Annotated[str | None, typer.Option(help="address of a Dask cluster to grade on")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="of the hidden cases; drawn in secret if not given")] = None,
    format: Annotated[list[str] | None, typer.Option(help="of the reports, several times; all if not given")] = None,
    seconds: Annotated[float | None, typer.Option(min=1, help="for one answer that needs no TensorFlow")] = None,
    one: Annotated[bool, typer.Option("--one", help="the folder holds the files of a single student")] = False,
    roster: Annotated[Path | None, typer.Option(help="CSV with the names of all who should hand in")] = None,
    no_sandbox: Annotated[bool, typer.Option("--no-sandbox", help="only on a machine to throw away")] = False,
):
    """Grade a class: student code in a sandbox, the judge outside it. A run that was stopped goes on."""
    from cnnlearn.classroom.command import FORMATS, Settings, grade

    formats = tuple(format or FORMATS)
    grade(Settings(submissions, lesson, out, workers, scheduler, seed, formats, seconds, one, roster, no_sandbox))


export = typer.Typer(help="Write what other graders take.", no_args_is_help=True)
app.add_typer(export, name="export")


@export.command()
def gradescope(
    lesson: Annotated[int, typer.Argument(help="the number of the lesson")],
    out: Annotated[Path, typer.Option(help="the folder that receives the zip")] = Path("."),
):
    """The zip to upload as a Gradescope autograder."""
    from cnnlearn.classroom.export import gradescope

    typer.echo(gradescope(lesson, out))


@export.command()
def nbgrader(
    lesson: Annotated[int, typer.Argument(help="the number of the lesson")],
    out: Annotated[Path, typer.Option(help="the nbgrader course that receives source/")] = Path("."),
    folder: Annotated[Path, typer.Option(help="the folder that holds lessons/text/")] = Path("."),
):
    """The lesson as an nbgrader assignment: source/NN_topic/NN_topic.ipynb."""
    from cnnlearn.classroom.export import nbgrader

    typer.echo(nbgrader(lesson, out, folder))


@app.command()
def train(
    data: Annotated[
        Path | None, typer.Argument(help="the folder that holds data_batch_1; downloaded if not given")
    ] = None,
    out: Annotated[Path, typer.Option(help="receives the weights and the history; a run goes on from there")] = Path(
        "runs/gap_network"
    ),
    epochs: Annotated[int, typer.Option(min=1)] = 45,
    seed: int = 0,
    precision: Annotated[str, typer.Option(help="mixed_bfloat16 is faster on processors that have it")] = "float32",
):
    """Train the course's network on the full CIFAR-10. Stop it with Ctrl-C; the same command goes on."""
    import numpy as np

    from cnnlearn.files import cifar10
    from cnnlearn.networks.training import train

    training, test = cifar10.load(data or cifar10.download())
    model = train(training, test, out, epochs, seed, precision)
    correct = (model.predict(test[0] / np.float32(255), verbose=0).argmax(axis=1) == test[1]).mean()
    typer.echo(f"{correct:.2%} of {len(test[1]):,} test images named right. Weights and history: {out}")


@app.command()
def explain(
    pictures: Annotated[list[str], typer.Argument(help="files, folders, or addresses that begin with http")],
    model: Annotated[
        str, typer.Option(help="EfficientNetLite0 (offline), cifar10, any network of keras.applications, a .keras file")
    ] = "EfficientNetLite0",
    method: Annotated[
        str,
        typer.Option(
            help="one or several, joined by commas, or all: cam, gradcam, hirescam, gradient, guided, deconvnet, "
            "guided-gradcam, smoothgrad, integrated, expected, lime, kernelshap, owen"
        ),
    ] = "gradcam,guided-gradcam,lime,owen",
    target: Annotated[
        list[str] | None,
        typer.Option(help="a class by name or index, as often as you like; else the most probable"),
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="without --target: explain so many of the most probable classes")] = 1,
    layer: Annotated[str | None, typer.Option(help="look at this layer, for the methods that look at one")] = None,
    evaluations: Annotated[
        int, typer.Option(min=20, help="model calls for each lime, kernelshap and owen; expected takes a fifth of it")
    ] = 1000,
    out: Annotated[Path, typer.Option(help="a page, if it ends in .html; a folder of pictures if not")] = Path(
        "explained.html"
    ),
    weights: Annotated[Path | None, typer.Option(help="a file of weights, where Keras cannot download them")] = None,
    class_names: Annotated[Path | None, typer.Option(help="a text file, one name a line, for a .keras file")] = None,
):
    """Show what a network looked at in pictures: its top classes, a map from each method, and how far to trust them.

    A .keras file must hold a classifier of images in [0, 1].
    """
    from cnnlearn.explain.command import run

    run(pictures, model, method, target or [], top, layer, evaluations, out, weights, class_names)


@app.command()
def evaluate(
    images: Annotated[int, typer.Option(help="how many test images, a multiple of 4")] = 200,
    out: Annotated[
        Path, typer.Option(help="receives the table, its figure, and what a stopped run goes on from")
    ] = Path("runs/comparison"),
    scheduler: Annotated[str | None, typer.Option(help="the address of a Dask scheduler that shares the work")] = None,
):
    """Compare every method of the course on one network. Stop it with Ctrl-C; the same command goes on."""
    from cnnlearn.experiments import comparison, comparison_view

    try:
        found = comparison.run(images, out, scheduler)
    except ValueError as error:
        typer.echo(error, err=True)
        raise typer.Exit(code=1) from None
    comparison_view.figure(found).savefig(out / "comparison.png", dpi=120)
    typer.echo(comparison_view.as_text(found))
    typer.echo(f"Means over the images, each with its 95 % interval. Table and figure: {out}")


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="the address to listen at; 0.0.0.0 lets other machines in")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 7860,
):
    """Open a page that explains pictures, and answers programs at /explain. It needs Gradio: the extra `web`."""
    try:
        from cnnlearn.explain.serve import serve
    except ModuleNotFoundError as error:
        if error.name != "gradio":
            raise
        raise SystemExit(
            'The page needs Gradio, which is not installed: pip install -c constraints.txt -e ".[web]"'
        ) from None

    serve(host, port)


if __name__ == "__main__":
    app()
