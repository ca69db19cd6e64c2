"""Explaining any picture with any Keras classifier: `cnnlearn explain` and the page that it writes."""
