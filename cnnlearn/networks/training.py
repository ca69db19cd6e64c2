"""Training the course's network on CIFAR-10: what `cnnlearn train` does."""

import json
from pathlib import Path

import keras
import numpy as np

from cnnlearn.networks import gap_network

BATCH = 128
PEAK_RATE = 0.1
WARM_UP_EPOCHS = 3
SHIFT = 3  # pixels


class AugmentedImages(keras.utils.PyDataset):
    """Batches of shuffled, shifted and mirrored images.

    Epoch e is drawn from the seed (seed, e): a run that was stopped sees the same images as one that was not. Images
    are uint8 (N, 32, 32, 3), labels integers (N,); batches are float32 in [0, 1].
    """

    def __init__(self, images: np.ndarray, labels: np.ndarray, seed: int):
        super().__init__()
        margin = ((0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT), (0, 0))
        self.padded, self.labels, self.seed = np.pad(images, margin, mode="reflect"), labels, seed
        self.draw(epoch=0)

    def draw(self, epoch):
        rng = np.random.default_rng((self.seed, epoch))
        n = len(self.labels)
        self.order = rng.permutation(n)
        self.shifts = rng.integers(0, 2 * SHIFT + 1, (n, 2))
        self.mirrored = rng.random(n) < 0.5

    def __len__(self):
        return len(self.labels) // BATCH

    def __getitem__(self, index):
        chosen = self.order[index * BATCH : (index + 1) * BATCH]
        batch = np.empty((BATCH, 32, 32, 3), np.float32)
        for place, i in enumerate(chosen):
            row, column = self.shifts[i]
            image = self.padded[i, row : row + 32, column : column + 32]
            batch[place] = image[:, ::-1] if self.mirrored[i] else image
        return batch / 255, self.labels[chosen]


class HistoryFile(keras.callbacks.Callback):
    """Writes the history after each epoch as JSON: {"loss": [...], "accuracy": [...], "val_loss": ..., ...}."""

    def __init__(self, path):
        super().__init__()
        self.path = Path(path)

    def on_epoch_end(self, epoch, logs=None):
        history = json.loads(self.path.read_text()) if self.path.exists() else {}
        for name, value in logs.items():  # an epoch that is run again after an interruption replaces its first try
            history[name] = history.get(name, [])[:epoch] + [round(float(value), 5)]
        draft = self.path.with_suffix(".part")
        draft.write_text(json.dumps(history, indent=1) + "\n")
        draft.replace(self.path)


def train(training, test, folder, epochs=45, seed=0, precision="float32", verbose="auto") -> keras.Model:
    """Trains the GAP network and returns it; `folder` receives `gap_network.weights.h5` and `history.json`.

    `training` and `test` are pairs of uint8 images (N, 32, 32, 3) and integer labels (N,). SGD with Nesterov momentum;
    the rate warms up and falls to zero by a cosine. The test images are only watched: no choice is made by them, and
    the weights after the last epoch are the result. A run that was interrupted goes on, when called again with the
    same folder, from the last whole epoch. `precision` "mixed_bfloat16" is faster on processors that have it.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(seed)
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy(precision)
    try:
        model = gap_network()
    finally:
        keras.mixed_precision.set_dtype_policy(before)
    steps = len(training[1]) // BATCH
    warm_up = min(WARM_UP_EPOCHS, epochs - 1) * steps
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, epochs * steps - warm_up, warmup_target=PEAK_RATE, warmup_steps=warm_up
    )
    model.compile(
        keras.optimizers.SGD(rate, momentum=0.9, nesterov=True),
        keras.losses.SparseCategoricalCrossentropy(),
        metrics=["accuracy"],
    )
    images, labels = training
    batches = AugmentedImages(images, labels, seed)
    model.fit(
        batches,
        validation_data=(test[0].astype(np.float32) / 255, test[1]),
        epochs=epochs,
        callbacks=[
            keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: batches.draw(epoch)),
            HistoryFile(folder / "history.json"),
            keras.callbacks.BackupAndRestore(folder / "backup"),
        ],
        shuffle=False,  # the batches are drawn shuffled; Keras' own order would not survive an interruption
        verbose=verbose,
    )
    trained = gap_network()  # in float32, without the optimizer's state
    trained.set_weights(model.get_weights())
    trained.save_weights(folder / "gap_network.weights.h5")
    return trained
