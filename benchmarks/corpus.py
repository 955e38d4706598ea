"""Made-up documents: skewed words, real-looking sentences, one unique word each."""

import random
from collections.abc import Iterator

VOCABULARY = 4096
SENTENCES = 5000
BODY = 1500
"""Bytes of a body, at least."""

_LETTERS = "etaoinshrdlcumwfgypbvk"


class Corpus:
    """The same documents for the same seed, on every machine."""

    def __init__(self, seed: int = 7) -> None:
        self._random = random.Random(seed)
        self.words = self._make_words()
        # As in natural text, a few words stand nearly everywhere and most hardly anywhere.
        weights = [1 / (rank + 1) ** 0.9 for rank in range(VOCABULARY)]
        self.sentences = [
            " ".join(self._random.choices(self.words, weights, k=self._random.randint(6, 14)))
            for _ in range(SENTENCES)
        ]

    def documents(self, count: int) -> Iterator[tuple[str, str]]:
        """Make titles and bodies; document 17 holds the word `token000017`."""
        for number in range(count):
            sentences = [f"{self._random.choice(self.sentences)} token{number:06}"]
            length = len(sentences[0])
            while length < BODY:
                sentences.append(self._random.choice(self.sentences))
                length += len(sentences[-1]) + 2
            yield f"{self._random.choice(self.words)} {number}", ". ".join(sentences).capitalize()

    def _make_words(self) -> list[str]:
        words: dict[str, None] = {}
        while len(words) < VOCABULARY:
            length = self._random.randint(4, 9)
            words["".join(self._random.choice(_LETTERS) for _ in range(length))] = None
        return list(words)
