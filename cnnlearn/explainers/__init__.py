"""One class a method, all under one contract: `explainer.Explainer`.

`EXPLAINERS` has them by the names that the command takes. A class is loaded when it is asked for.
"""

from importlib import import_module

MODULES = {
    "CAM": "cam",
    "GradCAM": "grad_cam",
    "HiResCAM": "hires_cam",
    "Saliency": "saliency",
    "GuidedBackprop": "guided_backprop",
    "Deconvnet": "deconvnet",
    "GuidedGradCAM": "guided_grad_cam",
    "SmoothGrad": "smooth_grad",
    "IntegratedGradients": "integrated_gradients",
    "ExpectedGradients": "expected_gradients",
    "Lime": "lime",
    "KernelShap": "kernel_shap",
    "PermutationShap": "permutation_shap",
    "ExactShap": "exact_shap",
    "OwenShap": "owen_shap",
    "IttiKoch": "itti_koch",
    "Explanation": "explanation",
}
EXPLAINERS = {
    "cam": "CAM",
    "gradcam": "GradCAM",
    "hirescam": "HiResCAM",
    "gradient": "Saliency",
    "guided": "GuidedBackprop",
    "deconvnet": "Deconvnet",
    "guided-gradcam": "GuidedGradCAM",
    "smoothgrad": "SmoothGrad",
    "integrated": "IntegratedGradients",
    "expected": "ExpectedGradients",
    "lime": "Lime",
    "kernelshap": "KernelShap",
    "owen": "OwenShap",
}


def __getattr__(name):
    if name in MODULES:
        return getattr(import_module(f"{__name__}.{MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
