"""What stops a start-up, said in one sentence."""


class StackError(Exception):
    """Something a person has to put right; the message is shown alone, without a traceback."""


class NotInTime(StackError):
    """Something runs, but has not got as far as it should have by now."""
