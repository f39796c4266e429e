"""The vendors: Anthropic, OpenAI, Gemini, Ollama, and any server that speaks OpenAI's format."""

import functools
from collections.abc import Mapping, Sequence
from typing import Literal, TypeVar
from urllib.parse import quote

import attrs

from ttrpg_core.context import Context
from ttrpg_core.errors import ConfigError, NotFound, ProviderError
from ttrpg_core.llm import Model, ModelInfo, Price
from ttrpg_core.settings import setting
from ttrpg_core.settings_tables import NetworkSettings
from ttrpg_core.text import nearest
from ttrpg_providers import anthropic, gemini, ollama, openai_chat, openai_responses
from ttrpg_providers.catalogue import own_prices
from ttrpg_providers.streams import Ndjson, Sse
from ttrpg_providers.vendor import HttpVendor, Line, Wire, header_table
from ttrpg_providers.wire import Json, count, rows, table, words

T = TypeVar("T")
_HEADERS = "Headers to send with each request, as 'Name: value'."
_PRICES = "Prices of your own: 'MODEL INPUT OUTPUT [CACHED [WRITTEN]]', dollars a million tokens."


@attrs.frozen
class AnthropicSettings:
    """The table ``[plugins.anthropic]``."""

    base_url: str = setting("https://api.anthropic.com/v1", "Where requests go.")
    headers: tuple[str, ...] = setting((), _HEADERS)
    prices: tuple[str, ...] = setting((), _PRICES)


@attrs.frozen
class OpenAISettings:
    """The table ``[plugins.openai]``."""

    base_url: str = setting("https://api.openai.com/v1", "Where requests go.")
    api: Literal["chat", "responses"] = setting(
        "responses",
        "The format that is spoken. Newer models take tools in 'responses' alone, unless they do"
        " not reason; 'chat' is for a base_url of your own that has no /responses.",
    )
    embedding: Literal["text-embedding-3-small", "text-embedding-3-large"] = setting(
        "text-embedding-3-small", "The model that makes vectors."
    )
    headers: tuple[str, ...] = setting((), _HEADERS)
    prices: tuple[str, ...] = setting((), _PRICES)


@attrs.frozen
class GeminiSettings:
    """The table ``[plugins.gemini]``."""

    base_url: str = setting(
        "https://generativelanguage.googleapis.com/v1beta", "Where requests go."
    )
    embedding: str = setting("gemini-embedding-2", "The model that makes vectors.")
    headers: tuple[str, ...] = setting((), _HEADERS)
    prices: tuple[str, ...] = setting((), _PRICES)


@attrs.frozen
class OllamaSettings:
    """The table ``[plugins.ollama]``."""

    base_url: str = setting("http://127.0.0.1:11434", "Where requests go.")
    embedding: str = setting("nomic-embed-text", "The model that makes vectors.")
    embedding_dimension: int = setting(
        768, "How many numbers a vector of that model has.", low=1, high=65536
    )
    headers: tuple[str, ...] = setting((), _HEADERS)
    prices: tuple[str, ...] = setting((), _PRICES)


@attrs.frozen
class ServerSettings:
    """The table ``[plugins.server]``."""

    servers: tuple[str, ...] = setting(
        (), "Servers that speak OpenAI's format: 'NAME URL [VARIABLE]', the last that of the key."
    )
    headers: tuple[str, ...] = setting((), "Headers to send, as 'NAME Header: value'.")
    prices: tuple[str, ...] = setting((), f"{_PRICES[:-1]}; MODEL is 'NAME/MODEL' or '*'.")


def _bearer(key: str) -> Mapping[str, str]:
    return {"authorization": f"Bearer {key}"}


def _anthropic_keyed(key: str) -> Mapping[str, str]:
    return {"x-api-key": key}


def _anthropic_models(page: Json) -> list[ModelInfo]:
    return [
        ModelInfo(
            words(each.get("id")),
            context=count(each.get("max_input_tokens")),
            max_output=count(each.get("max_tokens")),
            capabilities=_anthropic_can(table(each.get("capabilities"))),
        )
        for each in rows(page.get("data"))
        if each.get("lifecycle") != "retired"
    ]


def _anthropic_can(said: Json) -> frozenset[str]:
    ours = {"image_input": "images", "structured_outputs": "schema", "thinking": "reasoning"}
    found = {mine for theirs, mine in ours.items() if table(said.get(theirs)).get("supported")}
    return frozenset(found | {"tools"}) if said else frozenset()


def _anthropic_more(page: Json) -> dict[str, str]:
    last = words(page.get("last_id"))
    return {"after_id": last} if page.get("has_more") is True and last else {}


def _openai_models(page: Json) -> list[ModelInfo]:
    """OpenAI gives ids alone; OpenRouter, vLLM and others how much fits as well."""
    return [
        ModelInfo(
            words(each.get("id")),
            context=count(each.get("context_length")) or count(each.get("max_model_len")),
        )
        for each in rows(page.get("data"))
    ]


def _gemini_models(page: Json) -> list[ModelInfo]:
    found = []
    for each in rows(page.get("models")):
        methods = each.get("supportedGenerationMethods")
        if isinstance(methods, list) and "generateContent" in methods:
            can = {"reasoning"} if each.get("thinking") is True else set()
            found.append(
                ModelInfo(
                    words(each.get("name")).removeprefix("models/"),
                    context=count(each.get("inputTokenLimit")),
                    max_output=count(each.get("outputTokenLimit")),
                    capabilities=frozenset(can),
                )
            )
    return found


def _gemini_more(page: Json) -> dict[str, str]:
    token = words(page.get("nextPageToken"))
    return {"pageToken": token} if token else {}


def _ollama_models(page: Json) -> list[ModelInfo]:
    return [
        ModelInfo(words(each.get("model")) or words(each.get("name")))
        for each in rows(page.get("models"))
    ]


ANTHROPIC = Wire(
    body=anthropic.body,
    fold=anthropic.Fold,
    frames=Sse,
    chat=lambda _: "/messages",
    models="/models?limit=1000",
    listed=_anthropic_models,
    keyed=_anthropic_keyed,
    more=_anthropic_more,
)
OPENAI_CHAT = Wire(
    body=functools.partial(openai_chat.body, limit="max_completion_tokens"),
    fold=openai_chat.Fold,
    frames=Sse,
    chat=lambda _: "/chat/completions",
    models="/models",
    listed=_openai_models,
    keyed=_bearer,
)
OPENAI_RESPONSES = attrs.evolve(
    OPENAI_CHAT,
    body=openai_responses.body,
    fold=openai_responses.Fold,
    chat=lambda _: "/responses",
)
GEMINI = Wire(
    body=gemini.body,
    fold=gemini.Fold,
    frames=Sse,
    chat=lambda model: f"/models/{quote(model, safe='')}:streamGenerateContent?alt=sse",
    models="/models?pageSize=1000",
    listed=_gemini_models,
    keyed=lambda key: {"x-goog-api-key": key},
    more=_gemini_more,
)
OLLAMA = Wire(
    body=ollama.body,
    fold=ollama.Fold,
    frames=Ndjson,
    chat=lambda _: "/api/chat",
    models="/api/tags",
    listed=_ollama_models,
    keyed=_bearer,
)


def anthropic_vendor(context: Context) -> HttpVendor:
    """Claude models."""
    known = settings_of(context, AnthropicSettings)
    made = _line(
        "anthropic", ANTHROPIC, context, known.base_url, known.headers, "ANTHROPIC_API_KEY"
    )
    version = {"anthropic-version": anthropic.VERSION}
    made = attrs.evolve(made, headers={**version, **made.headers})
    return HttpVendor(made, own_prices(known.prices, "plugins.anthropic.prices"))


def openai_vendor(context: Context) -> HttpVendor:
    """GPT models."""
    known = settings_of(context, OpenAISettings)
    wire = OPENAI_RESPONSES if known.api == "responses" else OPENAI_CHAT
    made = _line("openai", wire, context, known.base_url, known.headers, "OPENAI_API_KEY")
    return HttpVendor(made, own_prices(known.prices, "plugins.openai.prices"))


def gemini_vendor(context: Context) -> HttpVendor:
    """Gemini models."""
    known = settings_of(context, GeminiSettings)
    made = _line("gemini", GEMINI, context, known.base_url, known.headers, "GEMINI_API_KEY")
    return HttpVendor(made, own_prices(known.prices, "plugins.gemini.prices"))


def ollama_vendor(context: Context) -> HttpVendor:
    """Models on a machine of one's own: they cost nothing, but for those that run at Ollama's."""
    known = settings_of(context, OllamaSettings)
    made = _line("ollama", OLLAMA, context, known.base_url, known.headers, "")
    own = own_prices(known.prices, "plugins.ollama.prices")
    there = "ollama.com" in known.base_url

    def free(model: str) -> Price | None:
        paid = there or model.endswith(("-cloud", ":cloud"))
        return None if paid else Price(0, 0, source="runs on a machine of your own")

    return HttpVendor(made, own, free=free)


class Servers:
    """Servers that speak OpenAI's format, each under a name of the user's choice.

    A model is ``NAME/MODEL``: ``groq/llama-3.3-70b``. A server that does not answer does not hide
    the models of the others.
    """

    def __init__(self, context: Context) -> None:
        known = settings_of(context, ServerSettings)
        own = own_prices(known.prices, "plugins.server.prices")
        self._vendors: dict[str, HttpVendor] = {}
        for line in known.servers:
            name, url, variable = _server(line)
            headers = [
                text.partition(" ")[2] for text in known.headers if text.split(" ")[0] == name
            ]
            wire = attrs.evolve(
                OPENAI_CHAT,
                body=openai_chat.body,
                fold=functools.partial(openai_chat.Fold, name),
            )
            made = Line(
                name,
                wire,
                url,
                key=context.secret(name.lower(), variable or None),
                key_hint=f"Set {variable}, or: ttrpg keys set server-{name.lower()}"
                if variable
                else "",
                headers=header_table(headers, "plugins.server.headers"),
                network=context.network or NetworkSettings(),
                offline=context.offline,
            )
            prices = {
                model.removeprefix(f"{name}/"): price
                for model, price in own.items()
                if model == "*" or model.startswith(f"{name}/")
            }
            self._vendors[name] = HttpVendor(made, prices)

    async def models(self) -> Sequence[ModelInfo]:
        """The models of every server that answers; the error of the last where none does."""
        found: list[ModelInfo] = []
        failed: ProviderError | None = None
        answered = not self._vendors
        for name, vendor in self._vendors.items():
            try:
                theirs = await vendor.models()
            except ProviderError as error:
                failed = error
                continue
            answered = True
            found += [attrs.evolve(info, id=f"{name}/{info.id}") for info in theirs]
        if not answered and failed is not None:
            raise failed
        return found

    def model(self, name: str) -> Model:
        """The model ``NAME/MODEL``. NotFound when there is no server of this name."""
        server, _, model = name.partition("/")
        if server not in self._vendors or not model:
            raise NotFound(
                f"there is no server {server!r} for the model {name!r}",
                nearest(server, self._vendors) or "Name it in the setting plugins.server.servers",
            )
        return _Named(self._vendors[server].model(model), name)


class _Named:
    """A model under its full name."""

    def __init__(self, model: Model, name: str) -> None:
        self.info = attrs.evolve(model.info, id=name)
        self.stream = model.stream


def _server(line: str) -> tuple[str, str, str]:
    """The name, the address and the key's variable of a server in the settings."""
    found = line.split()
    name, url, variable, extra = [*found, "", "", "", ""][:4]
    if extra or not url.startswith(("http://", "https://")) or "/" in name:
        raise ConfigError(
            f"plugins.server.servers: {line!r} is no server; write it as NAME URL [VARIABLE]",
            "Such as: groq https://api.groq.com/openai/v1 GROQ_API_KEY",
        )
    return name, url, variable


def settings_of(context: Context, cls: type[T]) -> T:
    """The settings that a context brings, or their defaults."""
    return context.settings if isinstance(context.settings, cls) else cls()


def _line(
    name: str,
    wire: Wire,
    context: Context,
    base_url: str,
    headers: Sequence[str],
    variable: str,
) -> Line:
    return Line(
        name,
        wire,
        base_url,
        key=context.secret(),
        key_hint=f"Set {variable}, or: ttrpg keys set {name}" if variable else "",
        headers=header_table(headers, f"plugins.{name}.headers"),
        network=context.network or NetworkSettings(),
        offline=context.offline,
    )
