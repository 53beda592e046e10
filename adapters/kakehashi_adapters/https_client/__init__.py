"""The intermediate server over HTTPS: `HttpsServerClient`. Only this package may say httpx."""

from kakehashi_adapters.https_client.client import DELIVERY, HttpsServerClient

__all__ = ["DELIVERY", "HttpsServerClient"]
