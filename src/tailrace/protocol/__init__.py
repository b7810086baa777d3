"""The words on the wire: ids, operations, events, reports, outputs, frames, errors.

Floor 0. Values only: nothing here decides, waits or touches the machine.
"""
