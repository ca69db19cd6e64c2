// MyST-NB names the fold "Toggle hidden content", over the words that are seen on it.
document.querySelectorAll("details.hide > summary").forEach((fold) => fold.removeAttribute("aria-label"));
