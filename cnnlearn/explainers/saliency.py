"""The gradient at the image (Simonyan, Vedaldi & Zisserman 2014, "Deep inside convolutional networks")."""

from cnnlearn.explainers.input_gradient import InputGradientMethod


class Saliency(InputGradientMethod):
    """The gradient of a score at the image, (H, W, 3), signed."""

    method = "saliency"
    view = "signed"
