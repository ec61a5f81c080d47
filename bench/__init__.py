"""Benchmarks of langfuse-router, side by side with what a user would pick today: LiteLLM's own Langfuse callback."""
