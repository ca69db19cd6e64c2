import pytest


@pytest.fixture(autouse=True)
def own_progress(tmp_path, monkeypatch):
    """Tests never touch the progress of whoever runs them."""
    monkeypatch.setenv("CNNLEARN_PROGRESS", str(tmp_path / "progress.json"))
