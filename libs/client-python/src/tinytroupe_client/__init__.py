"""Client of the TinyTroupe-RE API: simulate people, and ask them.

```python
from tinytroupe_client import TinyTroupeClient

client = TinyTroupeClient(api_key="your_api_key")
```
"""

from tinytroupe_client import errors, models, params, webhooks
from tinytroupe_client._async._pages import AsyncPages
from tinytroupe_client._async._simulation import AsyncSimulation
from tinytroupe_client._async.client import AsyncTinyTroupeClient
from tinytroupe_client._sync._pages import Pages
from tinytroupe_client._sync._simulation import Simulation
from tinytroupe_client._sync.client import TinyTroupeClient
from tinytroupe_client.errors import (
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    EventsMissed,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServiceUnavailableError,
    SimulationCancelled,
    SimulationError,
    SimulationFailed,
    SimulationTimeout,
    TinyTroupeError,
    UnprocessableEntityError,
    WebhookVerificationError,
)
from tinytroupe_client.pages import Page
from tinytroupe_client.responses import APIResponse, RateLimit

__all__ = [
    "APIConnectionError",
    "APIResponse",
    "APIResponseValidationError",
    "APIStatusError",
    "APITimeoutError",
    "AsyncPages",
    "AsyncSimulation",
    "AsyncTinyTroupeClient",
    "AuthenticationError",
    "BadRequestError",
    "ConflictError",
    "EventsMissed",
    "InternalServerError",
    "NotFoundError",
    "Page",
    "Pages",
    "PermissionDeniedError",
    "RateLimit",
    "RateLimitError",
    "ServiceUnavailableError",
    "Simulation",
    "SimulationCancelled",
    "SimulationError",
    "SimulationFailed",
    "SimulationTimeout",
    "TinyTroupeClient",
    "TinyTroupeError",
    "UnprocessableEntityError",
    "WebhookVerificationError",
    "errors",
    "models",
    "params",
    "webhooks",
]
