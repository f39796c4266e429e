"""Every vendor's models keep what is promised of a model, over HTTP from a replayed recording."""

import json

import pytest

from ttrpg_core.context import Context
from ttrpg_core.llm import Message, Request
from ttrpg_core.settings_tables import NetworkSettings
from ttrpg_core.testing import ModelTests
from ttrpg_providers import vendors

NETWORK = NetworkSettings(connect_seconds=5, first_seconds=5, read_seconds=5, retries=0)
TURNS = (
    "rubyllm__chat_function_calling_{}_can_use_tools_with_multi-turn_streaming_conversations.yml"
)
THOUGHT = (
    "rubyllm__chat_with_extended_thinking_gemini_gemini-3-flash-preview"
    "_streams_thinking_content_when_available.yml"
)
SSE = {"Content-Type": "text/event-stream; charset=utf-8"}
JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}


def context(settings) -> Context:
    return Context(settings=settings, secret=lambda *_: "sk-canary", network=NETWORK)


class Replayed(ModelTests):
    """A vendor whose server plays one recording for a prompt and another for another."""

    recording = ("", 0)
    other = ("", 0)
    path = ""
    headers = SSE
    listing = ("/models", {"data": [{"id": "one"}, {"id": "two"}]})
    name = "one"

    def vendor_of(self, url):
        raise NotImplementedError

    @pytest.fixture
    def vendor(self, server, recorded):
        bodies = [recorded(file)[number].body for file, number in (self.recording, self.other)]

        class ByQuestion(list):
            """The same answer to the same question, however many ask at once."""

            def __len__(self):
                return 1

            def __getitem__(self, _):
                sent = json.dumps(server.asked[-1][2])
                return (200, headers, [bodies["troll" in sent]])

        headers = self.headers
        server.script[self.path] = ByQuestion()
        path, page = self.listing
        server.script[path] = [(200, JSON, [json.dumps(page).encode()])]
        return self.vendor_of(server.url)

    @pytest.fixture
    def model(self, vendor):
        return vendor.model(self.name)


class TestAnthropic(Replayed):
    recording = ("anthropic/llm-anthropic__test_tools.yaml", 1)
    other = ("anthropic/llm-anthropic__test_thinking_prompt.yaml", 0)
    path = "/messages"

    def vendor_of(self, url):
        return vendors.anthropic_vendor(context(vendors.AnthropicSettings(base_url=url)))


class TestOpenAIChat(Replayed):
    recording = ("openai/llm__test_tools_streaming_variant_c.yaml", 1)
    other = ("openai/otel__test_chat_completion_streaming.yaml", 0)
    path = "/chat/completions"

    def vendor_of(self, url):
        return vendors.openai_vendor(context(vendors.OpenAISettings(base_url=url, api="chat")))


class TestOpenAIResponses(Replayed):
    recording = ("openai/llm__test_responses_basic_streaming.yaml", 0)
    other = recording
    path = "/responses"

    def vendor_of(self, url):
        known = vendors.OpenAISettings(base_url=url, api="responses")
        return vendors.openai_vendor(context(known))


class TestGemini(Replayed):
    recording = (
        f"gemini/{THOUGHT}",
        0,
    )
    other = (
        f"gemini/{TURNS.format('gemini_gemini-2_5-flash')}",
        1,
    )
    path = "/models/one:streamGenerateContent"
    listing = (
        "/models",
        {
            "models": [
                {"name": "models/one", "supportedGenerationMethods": ["generateContent"]},
                {"name": "models/vectors", "supportedGenerationMethods": ["embedContent"]},
            ]
        },
    )

    def vendor_of(self, url):
        return vendors.gemini_vendor(context(vendors.GeminiSettings(base_url=url)))


class TestOllama(Replayed):
    recording = ("ollama/prism__stream-with-thinking-enabled-1.sse", 0)
    other = recording
    path = "/api/chat"
    headers = NDJSON
    listing = ("/api/tags", {"models": [{"name": "one", "model": "one"}, {"name": "two:7b"}]})

    def vendor_of(self, url):
        return vendors.ollama_vendor(context(vendors.OllamaSettings(base_url=url)))


class TestServers(Replayed):
    recording = ("openai/openllmetry__test_streaming_with_api_usage_capture.yaml", 0)
    other = (
        f"ollama/{TURNS.format('ollama_qwen3')}",
        1,
    )
    path = "/v1/chat/completions"
    listing = (
        "/v1/models",
        {"data": [{"id": "deepseek-chat"}, {"id": "a/b", "context_length": 9}]},
    )
    name = "deep/deepseek-chat"

    def vendor_of(self, url):
        known = vendors.ServerSettings(servers=(f"deep {url}/v1 DEEP_KEY", f"lan {url}/v1"))
        return vendors.Servers(context(known))


def test_prompts_of_the_suite_are_told_apart_by_a_word():
    """The servers here answer by it."""
    prompts = [
        ModelTests.prompt.__wrapped__(ModelTests()),
        ModelTests.other_prompt.__wrapped__(ModelTests()),
    ]
    assert all(isinstance(each, Request) for each in prompts)
    assert ["troll" in str(each.messages) for each in prompts] == [False, True]
    assert Message("user", "troll") != prompts[1].messages[0]
