"""The notebook as a file would hold it: the document's cells and their whole outputs.

State holds the head and the tail of long outputs; a file holds all of them, up to
`FILE_TEXT_CHARS` a cell, so what state left out is read back from the log.
"""

import json
from typing import Any

from msgspec import to_builtins
from msgspec.structs import replace

from tailrace.blobs.blob_store import BlobStore
from tailrace.core.outputs import evolve_outputs
from tailrace.formats.notebook import Cell, Notebook
from tailrace.formats.outputs import outputs_to_nbformat
from tailrace.log.event_log import EventLog
from tailrace.protocol.outputs import BlobReference, DisplayOutput, Output, StreamOutput
from tailrace.protocol.state import Execution, SessionState
from tailrace.session.shrink import shortened
from tailrace.session.transcript import pieces
