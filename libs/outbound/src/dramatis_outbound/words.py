"""What went wrong with a call, in words for whoever named the address: nothing of our own network. Pure."""

import os

from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientConnectorSSLError,
)

from dramatis_outbound.guard import RefusedAddress


def failure(error: Exception) -> str:
    """An error of aiohttp or of a socket as a sentence without addresses."""
    match error:
        case ClientConnectorCertificateError() | ClientConnectorSSLError():
            return "TLS: the server's certificate or protocol was not accepted"
        case ClientConnectorDNSError():
            return "the host name cannot be resolved"
        case ClientConnectorError(os_error=RefusedAddress() as refused):
            return str(refused)
        case ClientConnectorError(os_error=os_error) if os_error.errno:
            return f"cannot connect: {os.strerror(os_error.errno).lower()}"
        case ClientConnectorError():
            return "cannot connect"
        case _:
            return f"the connection failed: {type(error).__name__}"
