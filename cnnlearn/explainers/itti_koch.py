"""The saliency model of Itti, Koch & Niebur (1998), put together from the functions of `saliency`."""

import numpy as np

from cnnlearn.image_filters import answers, gabor, halved, pyramid
from cnnlearn.saliency import center_surround, opponency, promote_peaks, scanpath, task_gains


class IttiKoch:
    """The model of Itti, Koch & Niebur (1998), with gains for what is looked for (Navalpakkam & Itti 2007).

    gains: one for each channel (see `learn`), for top-down attention; None is free viewing. angles: of the bars that
    its Gabor filters answer to, in degrees. Maps are those of level 4 of the pyramid: a cell is 16 × 16 pixels. A
    picture turned by 90° gives the map turned by 90°, and one that is the same everywhere gives zeros.

    Different from the paper: pixels are halved by means (`pyramid`); the colour maps are |c − s| of the signed R − G
    and B − Y, because the printed formula is not zero where the whole picture has one colour; N(.) scales each map to
    [0, 1] and not to a fixed maximum; orientation is the magnitude of a pair of filters.
    """

    FIRST, CENTERS, DELTAS = 2, (2, 3, 4), (3, 4)  # levels 0 and 1 are compared with none

    def __init__(self, gains=None, angles=(0, 45, 90, 135)):
        self.gains, self.names = gains, ("intensity", "red–green", "blue–yellow", *(f"{angle}°" for angle in angles))
        self.filters = np.stack([gabor(angle) for angle in angles])
        if gains is not None and np.shape(gains) != (len(self.names),):
            raise ValueError(f"There must be a gain for each of {len(self.names)} channels: {', '.join(self.names)}.")

    def channels(self, image) -> np.ndarray:
        """A map for each of `names`, (h, w, K): what stands out there in one respect, six pairs of levels together."""
        image = np.asarray(image)
        if image.ndim != 3 or image.shape[-1] != 3 or image.dtype.kind != "f" or not (abs(image - 0.5) <= 0.5).all():
            raise ValueError(
                f"The image must be floats in [0, 1] of shape (H, W, 3); this is {image.dtype} {image.shape}: "
                "use to_float first."
            )
        pyramids = [pyramid(plane)[self.FIRST :] for plane in opponency(image.astype(float))]
        turned = [answers(level, self.filters) for level in pyramids[0]]
        return np.stack([self._over_scales(levels) for levels in (*pyramids, *zip(*turned, strict=True))], axis=-1)

    def conspicuity(self, image) -> dict[str, np.ndarray]:
        """The maps (h, w) of intensity, colour and orientation."""
        intensity, red_green, blue_yellow, *turned = np.moveaxis(self.channels(image), -1, 0)
        orientation = sum(promote_peaks(channel) for channel in turned)
        return {"intensity": intensity, "colour": red_green + blue_yellow, "orientation": orientation}

    def saliency(self, image) -> np.ndarray:
        """The map (h, w) that the eye follows: bottom-up, or with gains, where what is looked for may be."""
        if self.gains is None:
            return sum(promote_peaks(found) for found in self.conspicuity(image).values()) / 3
        return self.channels(image) @ self.gains

    def scanpath(self, image, fixations: int) -> np.ndarray:
        """The places that are looked at, in order, (n, 2): rows and columns in pixels of the image.

        Around each, a sixth of the image's shorter side is inhibited, as in the paper.
        """
        found = self.saliency(image)
        path = scanpath(found, fixations, min(found.shape) / 6)
        return np.round((path + 0.5) * image.shape[:2] / np.array(found.shape) - 0.5).astype(int)

    def learn(self, image, target_mask) -> np.ndarray:
        """The gains (K,) for a target that is shown once: `task_gains` of this image. target_mask: booleans (H, W)."""
        if np.shape(target_mask) != np.shape(image)[:2] or not 0 < np.mean(target_mask) < 1:
            raise ValueError("The mask must have the image's height and width, and be true on the target alone.")
        share = pyramid(np.asarray(target_mask, float))[max(self.CENTERS)]
        return task_gains(self.channels(image), share > share.max() / 2)

    def _over_scales(self, levels):
        """Across-scale addition: all pairs of center and surround, each promoted, added at the coarsest center."""
        total = 0.0
        for center in (c - self.FIRST for c in self.CENTERS):
            total = halved(total) if np.ndim(total) else total
            for delta in self.DELTAS:
                # What differs by less than 1e-9 differs by rounding: N(.) would make peaks of it.
                total = total + promote_peaks(np.round(center_surround(levels, center, center + delta), 9))
        return total
