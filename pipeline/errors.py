"""Every error that livematte raises on purpose.

LivematteError                the base: one line that names the value and the remedy
├── OptionError               a value given by the user makes no sense (also a ValueError)
├── ModelError                a model is unknown, missing, damaged or cannot be run
│   ├── ModelMissingError     it is not on this machine yet
│   └── RuntimeUnavailableError   what shall run it, or how, is not to be had here
├── MediaError                a file or stream cannot be read or written
│   ├── SourceError           … on the way in
│   └── SinkError             … on the way out
│       └── SinkClosedError   whoever read it has left
└── Interruption              the user stopped it
"""


class LivematteError(Exception):
    """Base of all. Its text is one line for a person: the value, what was wanted, the remedy."""


class OptionError(LivematteError, ValueError):
    """A value given by the user makes no sense."""


class ModelError(LivematteError):
    """A model is unknown, missing, damaged, or cannot be run here."""


class ModelMissingError(ModelError):
    """The model is known, and its file is not on this machine yet."""


class RuntimeUnavailableError(ModelError):
    """The runtime, device or precision asked for is not on this machine or does not work here."""


class MediaError(LivematteError):
    """A file or stream cannot be read or written."""


class SourceError(MediaError):
    """Nothing, or no more, can be read from the source."""


class SinkError(MediaError):
    """Nothing, or no more, can be written to the sink."""


class SinkClosedError(SinkError):
    """Whoever read the sink has left; that is its end, and no fault."""


class Interruption(LivematteError):
    """The user stopped it; the text says what was kept."""
