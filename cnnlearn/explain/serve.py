"""The page of `cnnlearn serve`: what `cnnlearn explain` does, in the browser, and over HTTP at /explain.

What comes in is opened by `pictures.load` alone, with its limits. One picture is explained at a time; the others wait.
"""

import base64
import os
import sys
import tempfile
from functools import lru_cache
from pathlib import Path

import gradio as gr
import numpy as np
from gradio import processing_utils
from gradio.utils import get_upload_folder
from PIL import Image
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from cnnlearn import networks
from cnnlearn.explain.classifier import Subject, chosen_targets, open_subject
from cnnlearn.explain.methods import chosen_methods
from cnnlearn.explain.page import FIGURES, KEY, section
from cnnlearn.explain.run import Result, explain
from cnnlearn.explainers import EXPLAINERS
from cnnlearn.figures.over_image import drawn, in_words, png
from cnnlearn.files import cifar10
from cnnlearn.files.pictures import MOST_BYTES, load

NETWORKS = ["EfficientNetLite0", "cifar10", *networks.imagenet_names()[1:]]
AT_ONCE = 2  # networks kept in memory: some have half a gigabyte of weights
MOST_EXPLAINERS = 2 * len(EXPLAINERS)  # kept of each network
MOST_CLASSES, FEWEST_EVALUATIONS, MOST_EVALUATIONS = 4, 20, 2000
LONGEST = 2000  # characters of an address or a name
MOST_WAITING = 50  # requests; more are told that the queue is full
WITHOUT_PICTURE = 2**20  # bytes: larger requests are uploads, or nothing that belongs here
SHARE = 0.55
CSS = f"""{FIGURES}
:root {{ --share: {SHARE}; }}
#maps tr, #maps td, #maps th {{ border: none; }}
#maps h2 {{ margin: 0 0 0.5rem; overflow-wrap: anywhere; }}
.layers {{ position: relative; }}
.cover {{ position: absolute; top: 0; left: 0; }}
"""
SLIDE = '(share) => { document.documentElement.style.setProperty("--share", share) }'


def serve(host: str = "127.0.0.1", port: int = 7860) -> None:
    """Serves the page until interrupted. SystemExit with one sentence if the port is taken."""
    os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_DISABLE_TELEMETRY": "1"}
    with tempfile.TemporaryDirectory(prefix="cnnlearn-") as folder:
        os.environ["GRADIO_TEMP_DIR"] = str(Path(folder, "uploads"))
        blocks = page(Path(folder))
        try:
            address = launch(blocks, host, port)
        except OSError as error:
            sys.exit(" ".join(str(error).split()))
        print(f"The page is at {address} and Ctrl-C stops it.", flush=True)
        blocks.block_thread()


def launch(blocks: gr.Blocks, host: str, port: int) -> str:
    """Starts the server in the background, and returns its address."""
    return blocks.launch(
        server_name=host,
        server_port=port,
        share=False,
        ssr_mode=False,
        mcp_server=False,
        footer_links=["api"],
        max_file_size=MOST_BYTES,
        app_kwargs={"middleware": [Middleware(Bounded)]},
        theme=gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]),
        css=CSS,
        quiet=True,
        prevent_thread_lock=True,
    )[1]


class Bounded:
    """Stops reading requests that are larger than any that belongs here."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        left = MOST_BYTES + WITHOUT_PICTURE if scope.get("path", "").endswith("/upload") else WITHOUT_PICTURE

        async def bounded():
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise HTTPException(413, f"Pictures may have up to {MOST_BYTES // 2**20} MB, other requests up to one.")
            return message

        await self.app(scope, bounded, send)


async def _fetches_nothing(address, *arguments, **options):
    """Stands in for what Gradio does, without our limits, when a request names an address as its file."""
    raise gr.Error("Gradio fetches nothing here: give the address as text.", print_exception=False)


@lru_cache(maxsize=AT_ONCE)
def _network(network):
    """The network, and the explainers made for it: making one takes longer than asking it."""
    return open_subject(network), {}


def _class_names(network):
    return cifar10.CLASSES if network == "cifar10" else networks.imagenet_classes()


def explained(
    picture: str, network: str, methods: list[str], classes: list[str], evaluations: int
) -> tuple[Subject, Result]:
    """Explains a picture, an address or the path of an upload. gr.Error, in one sentence, for what cannot be done."""
    try:
        if max(map(len, (picture, network, *methods, *classes))) > LONGEST:
            raise ValueError(f"Addresses and names may have up to {LONGEST} characters.")
        if network not in NETWORKS:  # the path of a Keras file, for example: opening it could run what is in it
            raise ValueError(f"There is no network {network!r}; there are {', '.join(NETWORKS[:3])} and so on.")
        if len(classes) > MOST_CLASSES:
            raise ValueError(f"Up to {MOST_CLASSES} classes are explained at a time; these are {len(classes)}.")
        if not FEWEST_EVALUATIONS <= evaluations <= MOST_EVALUATIONS:
            raise ValueError(f"Evaluations may be {FEWEST_EVALUATIONS} to {MOST_EVALUATIONS}; these are {evaluations}.")
        names = chosen_methods(",".join(methods))
        name, image = _opened(picture)
        subject, explainers = _network(network)
        if len(explainers) > MOST_EXPLAINERS:
            explainers.clear()
        asked = subject, {name: image}, names, chosen_targets(subject, classes)
        (result,) = explain(*asked, evaluations=int(evaluations), explainers=explainers)
    except (OSError, ValueError) as error:
        raise gr.Error(" ".join(str(error).split()), print_exception=False) from None
    return subject, result


def _opened(picture):
    if "://" in picture:
        return picture, load(picture)
    path = Path(picture.replace("\0", "")).resolve()
    if not path.is_relative_to(Path(get_upload_folder()).resolve()):
        raise ValueError("Upload a picture, or give an address that begins with http:// or https://.")
    return path.name, load(path, name=path.name)


def answer(
    picture: str,
    network: str = NETWORKS[0],
    methods: list[str] | None = None,
    classes: list[str] | None = None,
    evaluations: int = 200,
) -> dict:
    """Explains one picture: its top classes, and a map for each method and class, as a PNG file in base64.

    picture: an address, or what /gradio_api/upload answered. methods: as in `cnnlearn explain`; gradcam if not given.
    classes: names or indices; the most probable one if not given. evaluations: model calls for LIME and Shapley values.
    """
    methods, classes = methods or ["gradcam"], classes or []
    texts = (
        [picture, network, *methods, *classes] if isinstance(methods, list) and isinstance(classes, list) else [None]
    )
    if not all(isinstance(text, str) for text in texts) or type(evaluations) is not int:
        raise gr.Error(
            "Picture and network are strings, methods and classes are lists of strings, evaluations is a whole number.",
            print_exception=False,
        )
    subject, result = explained(picture, network, methods, classes, evaluations)
    maps = [
        {
            "method": method,
            "class": subject.classes[one.target],
            "certificate": {fact: np.asarray(value).tolist() for fact, value in one.certificate.items()},
            "text": in_words(one, result.name, subject.classes[one.target]),
            "png": base64.b64encode(png(drawn(one, result.image))).decode(),
        }
        for method, found in result.found.items()
        if not isinstance(found, str)
        for one in found
    ]
    return {
        "network": network,
        "top": [{"class": subject.classes[index], "probability": share} for index, share in result.top],
        "maps": maps,
        "refused": {method: found for method, found in result.found.items() if isinstance(found, str)},
    }


def examples(folder: Path) -> list[tuple[str, str]]:
    """Writes pictures that the networks of the course know, and returns each one's path and network."""
    import skimage.data

    images, labels = cifar10.sample()[1]
    found = [(name, getattr(skimage.data, name)(), NETWORKS[0]) for name in ("chelsea", "coffee")]
    for name in ("horse", "ship"):
        found.append((name, images[labels == cifar10.CLASSES.index(name)][0], "cifar10"))
    for name, image, _ in found:
        Image.fromarray(image).save(folder / f"{name}.png")
    return [(str(folder / f"{name}.png"), network) for name, _, network in found]


def page(folder: Path) -> gr.Blocks:
    """The page; `folder` receives its examples."""
    processing_utils.async_ssrf_protected_download = _fetches_nothing  # type: ignore[assignment]
    samples = examples(folder)
    with gr.Blocks(title="What did the network look at?", analytics_enabled=False, delete_cache=(600, 3600)) as blocks:
        gr.Markdown("# What did the network look at?")
        with gr.Row():
            with gr.Column(scale=1, min_width=300):
                file = gr.File(label="Picture", file_types=["image"], height=140)
                address = gr.Textbox(label="or its address", placeholder="https://…", max_length=LONGEST)
                thumbnails = gr.Dataset(
                    label="or one of these",
                    components=[gr.Image(render=False)],
                    samples=[[path] for path, _ in samples],
                    type="index",
                )
                network = gr.Dropdown(NETWORKS, label="Network", value=NETWORKS[0])
                classes = gr.Dropdown(
                    _choices(NETWORKS[0]),
                    label="Classes",
                    info="none chosen: the most probable one",
                    multiselect=True,
                    max_choices=MOST_CLASSES,
                )
                methods = gr.CheckboxGroup(list(EXPLAINERS), label="Methods", value=["gradcam", "guided-gradcam"])
                evaluations = gr.Slider(
                    FEWEST_EVALUATIONS,
                    MOST_EVALUATIONS,
                    200,
                    step=20,
                    label="Evaluations",
                    info="more are slower and more exact, for lime, kernelshap, owen and expected",
                )
                button = gr.Button("Explain", variant="primary")
            with gr.Column(scale=2, min_width=300):
                share = gr.Slider(0, 1, SHARE, step=0.01, label="How much of the colours is laid over the picture")
                maps = gr.HTML("<p>Choose a picture, and press <b>Explain</b>.</p>", elem_id="maps", min_height=200)
                gr.HTML(KEY)

        share.input(None, share, None, js=SLIDE, api_visibility="private")
        file.upload(None, None, address, js="() => ''", api_visibility="private")
        network.change(
            lambda name: gr.Dropdown(choices=_choices(name), value=[]),
            network,
            classes,
            queue=False,
            api_visibility="private",
        )
        thumbnails.click(
            lambda index: (*samples[index], ""),
            thumbnails,
            [file, network, address],
            queue=False,
            api_visibility="private",
        )
        button.click(
            show,
            [file, address, network, methods, classes, evaluations],
            maps,
            concurrency_id="explain",
            concurrency_limit=1,
            api_visibility="private",
        )
        gr.api(answer, api_name="explain", concurrency_id="explain", concurrency_limit=1)
    return blocks.queue(max_size=MOST_WAITING, api_open=False)


def show(file, address, network, methods, classes, evaluations, progress=gr.Progress(track_tqdm=True)):  # noqa: B008
    """What the button shows: the section of `cnnlearn explain`'s page on one picture."""
    return section(*explained(address.strip() or file or "", network, methods, classes, evaluations), layered=True)


def _choices(network):
    return [(name, str(index)) for index, name in enumerate(_class_names(network))]
