"""The LiteLLM adapter: `install()` for applications, `proxy_handler` for the proxy's `callbacks`."""

from router.litellm.record import record_from_kwargs

__all__ = ["record_from_kwargs"]
