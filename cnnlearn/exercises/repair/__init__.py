"""The smallest change to a learner's own code that makes it right: edits of the syntax tree, tried and proved."""

from cnnlearn.exercises.repair.search import Change, find_change

__all__ = ["Change", "find_change"]
