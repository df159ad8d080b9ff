"""A version as a folder that serves without the store: written, proved, measured."""
