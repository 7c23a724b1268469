"""The redactor: what is a secret, what is not, and that no split lets one through."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbench.capture import Redactor
from orbench.capture.secret_names import is_secret_key, is_secret_variable
from orbench.capture.secret_shapes import _masked, mask_shapes, shapes

TOKENS = {
    "github": "ghp_" + "a1B2" * 9,
    "github fine-grained": "github_pat_" + "a1B2_" * 16,
    "hugging face": "hf_" + "AbCd" * 9,
    "openai": "sk-proj-" + "a1B2" * 10,
    "gitlab": "glpat-" + "a1B2-" * 4,
    "slack": "xoxb-" + "123456789012-" * 2 + "abc",
    "aws": "AKIA" + "ABCD" * 4,
    "google": "AIza" + "a1B2_" * 7,
    "wandb": "wandb_v1_" + "a1B2" * 10,
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0." + "a1B2" * 8,
}
PRIVATE_KEY = (
    "-----BEGIN RSA PRIVATE KEY-----\n"
    + "\n".join("MIIabcd+/" + "x1Y2" * 13 for _ in range(20))
    + "\nAb12==\n-----END RSA PRIVATE KEY-----\n"
)
PIECES = (
    *(*TOKENS.values(), PRIVATE_KEY, "-----BEGIN ", "\n", "\r", " ", '"', "://", "@", "user:pass"),
    *("x-access-token:", "Authorization: Bearer ", "A_TOKEN=", "api_key = '", "?sig=", "wandb "),
    *("0a1b" * 10, "a1b2c3d4e5", "= ", ":", "'", "A"),
)
KNOWN = "correct horse battery"
plain = Redactor()
knowing = Redactor.from_environment({"MY_TOKEN": KNOWN, "HOME": "/home/someone"})


class TestNames:
    @pytest.mark.parametrize(
        "name",
        [
            *(
                "HF_TOKEN",
                "WANDB_API_KEY",
                "PGPASSWORD",
                "AWS_SECRET_ACCESS_KEY",
                "aws_access_key_id",
            ),
            *("GOOGLE_CREDENTIALS", "DB_PASSWD", "MY_AUTH", "githubToken", "TWINE_PASSWORD"),
        ],
    )
    def test_variables_with_a_secret_name(self, name):
        assert is_secret_variable(name)

    @pytest.mark.parametrize(
        "name",
        [
            *("TOKENIZERS_PARALLELISM", "PATH", "PWD", "SSH_AUTH_SOCK", "XAUTHORITY", "KEYBOARD"),
            *("AUTHOR", "OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "PASSWORD_FILE"),
        ],
    )
    def test_variables_with_a_harmless_name(self, name):
        assert not is_secret_variable(name)

    @pytest.mark.parametrize(
        "key",
        [
            *(
                "api_key",
                "apikey",
                "token",
                "access_token",
                "auth_token",
                "secret",
                "client_secret",
            ),
            *("password", "passwd", "credentials", "wandb.api_key", "apiKey", "--hf-token"),
            *("OPENAI_API_KEY", "db_password", "a/b/secret"),
        ],
    )
    def test_config_keys_that_are_secrets(self, key):
        assert is_secret_key(key)

    @pytest.mark.parametrize(
        "key",
        [
            *(
                "num_tokens",
                "tokenizer",
                "token_dim",
                "max_tokens",
                "pad_token",
                "secret_size",
                "keys",
            ),
            *("token.dim", "passwords_tried", "author", "key"),
        ],
    )
    def test_config_keys_that_are_not(self, key):
        assert not is_secret_key(key)


class TestText:
    @pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
    def test_tokens_of_a_known_shape_are_masked_wherever_they_stand(self, token):
        for text in (token, f"x={token}\n", f'"{token}"', f"at ({token}), next"):
            masked = plain.text(text)
            assert token not in masked
            assert token[10:] not in masked
            assert "***" in masked

    @pytest.mark.parametrize(
        ("text", "masked"),
        [
            ("https://user:tok@host/x.git", "https://***@host/x.git"),
            ("https://justatoken@host/x", "https://***@host/x"),
            ("https://x-access-token:abc@github.com/a/b", "https://***@github.com/a/b"),
            ("postgresql+psycopg://me:pa55@db:5432/x", "postgresql+psycopg://***@db:5432/x"),
            ("postgresql://me:pa#5/5?w@db:5432/x", "postgresql://***@db:5432/x"),
            ("x-access-token:abcdef more", "x-access-token:*** more"),
            ("WANDB_API_KEY=abcd1234efgh python", "WANDB_API_KEY=*** python"),
            ("export HF_TOKEN='abcd1234efgh'", "export HF_TOKEN='***'"),
            ('api_key = "abcd1234efgh"', 'api_key = "***"'),
            ('{"password": "hunter2hunter2"}', '{"password": "***"}'),
            ("config['password'] = 'hunter2hunter2'", "config['password'] = '***'"),
            ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
            ("GET /x?access_token=abcdef&n=1", "GET /x?access_token=***&n=1"),
            ("wandb login " + "0a1b" * 10, "wandb login ***"),
        ],
    )
    def test_secrets_in_their_surroundings_are_masked_and_the_rest_stays(self, text, masked):
        assert plain.text(text) == masked

    @pytest.mark.parametrize(
        "text",
        [
            "ssh://git@github.com/a/b.git and git@github.com:a/b.git",
            "https://github.com/a/b/blob/main/x.py#L10 mail me@host.org",
            "http://localhost:4873/@scope/package and git+ssh://git@host.org:a/b@v1.2",
            'tokenizer = Tokenizer(pad_token="<|endoftext|>", max_tokens=4096)',
            "token = get_token(name)\npassword=password, secret=args.secret",
            "commit 0123456789abcdef0123456789abcdef01234567",
            "risk-sensitive-reinforcement-learning-2024-edition task-0123456789abcdefghij",
            "wandb @ git+https://github.com/wandb/wandb@" + "0a1b" * 10,
            "HF_TOKEN=$OTHER_TOKEN",
            'url = f"https://{user}:{token}@example.org/{name}"',
            'assert "-----BEGIN PRIVATE KEY----" in text\nand what follows stays\n',
        ],
    )
    def test_what_only_resembles_a_secret_stays(self, text):
        assert plain.text(text) == text

    def test_values_of_secret_variables_are_masked_in_any_spelling(self):
        assert knowing.text(f"<{KNOWN}>") == "<***>"
        assert knowing.text("q=correct%20horse%20battery") == "q=***"
        assert knowing.text("/home/someone") == "/home/someone"

    def test_short_values_are_too_common_to_be_secrets(self):
        assert Redactor.from_environment({"TOKEN": "1234567"}).text("1234567") == "1234567"

    def test_passwords_in_url_variables_are_known(self):
        redactor = Redactor.from_environment({"DB": "postgresql://me:s3cr3t-pw@host/x"})
        assert redactor.text("password was s3cr3t-pw!") == "password was ***!"
        redactor = Redactor.from_environment({"DB": "postgresql://me:s3c#r3t/pw@host/x"})
        assert redactor.text("password was s3c#r3t/pw!") == "password was ***!"

    def test_secrets_of_the_command_line_are_known_where_a_program_prints_its_arguments(self):
        argv = ["train.py", "--token", "abcd1234", "--password=s3cr3t-pw", "--seed", "12345678"]
        redactor = Redactor.from_environment({}, argv)
        printed = redactor.text(str(argv))
        assert printed == "['train.py', '--token', '***', '--password=***', '--seed', '12345678']"

    @pytest.mark.parametrize("prefix", ["", "+", "    "], ids=["plain", "diff", "indented"])
    def test_private_keys_are_masked_and_what_follows_stays(self, prefix):
        text = "".join(f"{prefix}{line}\n" for line in PRIVATE_KEY.splitlines())
        assert plain.text(f"a\n{text}b\n") == f"a\n{prefix}***\nb\n"

    def test_private_keys_on_one_line_are_masked(self):
        text = '{"key": "' + PRIVATE_KEY.replace("\n", "\\n") + '", "n": 1}'
        assert plain.text(text) == '{"key": "***\\n", "n": 1}'

    def test_a_private_key_without_its_end_is_masked_as_far_as_it_goes(self):
        text = PRIVATE_KEY[:600] + "\nthe program goes on\n"
        assert plain.text(text).endswith("\nthe program goes on\n")
        assert "x1Y2" not in plain.text(text)

    def test_long_texts_are_masked_too(self):
        filler = "nothing to see on this line\n" * 2_000
        text = filler + TOKENS["github"] + "\n" + PRIVATE_KEY + filler + KNOWN + "\n"
        assert knowing.text(text) == f"{filler}***\n***\n{filler}***\n"

    @given(st.text())
    def test_masking_twice_is_masking_once(self, text):
        once = knowing.text(text)
        assert knowing.text(once) == once

    @given(st.lists(st.sampled_from(PIECES), max_size=12))
    def test_looking_at_lines_that_may_hold_one_finds_what_the_whole_search_finds(self, pieces):
        # The search by itself, over the whole text, without any way around it.
        text = "".join(pieces)
        assert mask_shapes(text) == shapes().sub(_masked, text)

    @pytest.mark.parametrize(
        "text",
        [
            *(
                "A" * 300_000,
                "://" * 100_000 + " @",
                "a@" * 150_000,
                "eyJ" * 100_000,
                "TOKEN_" * 50_000,
            ),
            *("wandb " * 50_000, "-----BEGIN PRIVATE KEY-----" * 10_000, '="' * 150_000),
            *("-----BEGIN PRIVATE KEY-----" + "\n" * 300_000, "sk-" + "a-" * 150_000),
        ],
        ids=lambda text: text[:12],
    )
    @pytest.mark.timeout(30)  # where it took quadratic time, it would take minutes
    def test_no_text_makes_it_hang(self, text):
        assert isinstance(plain.text(text), str)


class TestOtherShapes:
    def test_bytes_of_any_encoding_keep_what_is_no_secret(self):
        data = b"\xff\xfe\x00" + TOKENS["github"].encode() + b"\x80 caf\xe9"
        assert plain.data(data) == b"\xff\xfe\x00***\x80 caf\xe9"

    @given(st.binary())
    def test_bytes_without_a_secret_stay_as_they_are(self, data):
        if b"://" not in data:
            assert plain.data(data) == data

    def test_command_lines_lose_the_values_of_secret_options(self):
        argv = ["train.py", "--token", "a", "--api-key=b", "-e", "HF_TOKEN=c", "wandb.api_key=d"]
        kept = ["--num_tokens=5", "--tokenizer", "bert", "--seed", "1", "-p", "8080"]
        masked = ["train.py", "--token", "***", "--api-key=***", "-e", "HF_TOKEN=***"]
        assert plain.argv(argv + kept) == [*masked, "wandb.api_key=***", *kept]

    def test_a_secret_option_without_a_value_hides_no_other_option(self):
        assert plain.argv(["--token", "--seed", "1"]) == ["--token", "--seed", "1"]

    def test_command_lines_lose_known_secrets_and_shapes(self):
        argv = ["--url", "https://u:p@h/x", f"--name={KNOWN}", TOKENS["aws"]]
        assert knowing.argv(argv) == ["--url", "https://***@h/x", "--name=***", "***"]

    def test_documents_lose_secrets_under_secret_keys_and_in_texts(self):
        document = {
            "token": "abc",
            "num_tokens": 5,
            "tokenizer": "bert",
            "password": 1234,
            "credentials": {"user": "me", "n": 1},
            "nested": {"list": [f"x {KNOWN} y", 1.5, None]},
            f"key {KNOWN}": True,
            "args": ["train.py", "--password", "abc"],
        }
        assert knowing.document(document) == {
            "token": "***",
            "num_tokens": 5,
            "tokenizer": "bert",
            "password": 1234,
            "credentials": {"user": "***", "n": 1},
            "nested": {"list": ["x *** y", 1.5, None]},
            "key ***": True,
            "args": ["train.py", "--password", "***"],
        }


def in_pieces(redactor, data, cuts):
    """What a stream gives for data cut at these places."""
    stream = redactor.stream()
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    pieces = [stream.feed(data[a:b]) for a, b in pairwise(edges)]
    return b"".join([*pieces, stream.flush()])


class TestStream:
    text = (
        f"episode 1: return 10.5\r\n{TOKENS['github']} then é {KNOWN}\n"
        f"progress 10%\rprogress 20%\rhttps://me:pw@host/x\n{PRIVATE_KEY}after\nlast {KNOWN}"
    )

    @given(st.lists(st.integers(0, 10_000), max_size=40))
    def test_any_cut_gives_what_the_whole_gives(self, cuts):
        whole = self.text.encode()
        assert in_pieces(knowing, whole, cuts) == knowing.data(whole)

    def test_one_byte_at_a_time_gives_what_the_whole_gives(self):
        whole = self.text.encode()
        assert in_pieces(knowing, whole, range(len(whole))) == knowing.data(whole)

    def test_whole_lines_come_out_at_once(self):
        stream = plain.stream()
        assert stream.feed(b"one\ntwo\nthr") == b"one\ntwo\n"
        assert stream.feed(b"ee\n") == b"three\n"
        assert stream.flush() == b""

    def test_a_line_without_end_is_not_held_for_ever(self):
        stream = plain.stream()
        out = b"".join(stream.feed(b"." * 1_000) for _ in range(100))
        assert len(out) > 50_000
        assert out + stream.flush() == b"." * 100_000

    @pytest.mark.parametrize("secret", [TOKENS["github"], TOKENS["jwt"], KNOWN])
    def test_a_secret_in_a_line_without_end_is_found_wherever_it_is_split(self, secret):
        rng = random.Random(1)
        for _ in range(20):
            before = b". " * rng.randrange(3_000, 12_000)
            data = before + secret.encode() + b" ." * 10_000
            cuts = [rng.randrange(len(data)) for _ in range(50)]
            cuts += [len(before) + rng.randrange(len(secret)) for _ in range(3)]
            out = in_pieces(knowing, data, cuts)
            assert out == data.replace(secret.encode(), b"***")

    def test_bytes_that_are_not_utf_8_come_out_as_they_went_in(self):
        data = bytes(range(256)) * 50
        assert in_pieces(plain, data, range(0, len(data), 7)) == data
