"""Language models: Anthropic, OpenAI, Gemini, Ollama, and servers that speak OpenAI's format."""

from collections.abc import Iterable

from ttrpg_core import Embedder, Provider, hookimpl

__version__ = "0.1.0"


@hookimpl
def ttrpg_providers() -> Iterable[Provider]:
    """The vendors; each is imported when it is first asked."""
    here = "ttrpg_providers.vendors"
    yield Provider(
        "anthropic",
        "Claude, by Anthropic",
        f"{here}:anthropic_vendor",
        key="ANTHROPIC_API_KEY",
        settings=f"{here}:AnthropicSettings",
    )
    yield Provider(
        "openai",
        "GPT, by OpenAI",
        f"{here}:openai_vendor",
        key="OPENAI_API_KEY",
        settings=f"{here}:OpenAISettings",
    )
    yield Provider(
        "gemini",
        "Gemini, by Google",
        f"{here}:gemini_vendor",
        key="GEMINI_API_KEY",
        settings=f"{here}:GeminiSettings",
    )
    yield Provider(
        "ollama",
        "Models on a machine of your own, by Ollama",
        f"{here}:ollama_vendor",
        settings=f"{here}:OllamaSettings",
    )
    yield Provider(
        "server",
        "Servers that speak OpenAI's format, under names of your choice",
        f"{here}:Servers",
        settings=f"{here}:ServerSettings",
    )


@hookimpl
def ttrpg_embedders() -> Iterable[Embedder]:
    """Vectors by the same vendors; they are used where the settings name one."""
    for name, summary, dimension, settings, key in (
        ("openai", "Vectors by OpenAI", 1536, "OpenAISettings", "OPENAI_API_KEY"),
        ("gemini", "Vectors by Google", 768, "GeminiSettings", "GEMINI_API_KEY"),
        ("ollama", "Vectors by a model of Ollama", 768, "OllamaSettings", None),
    ):
        yield Embedder(
            name,
            summary,
            f"ttrpg_providers.embedders:{name}_embedder",
            dimension,
            offline=False,
            settings=f"ttrpg_providers.vendors:{settings}",
            key=key,
        )
