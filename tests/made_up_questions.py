"""Questions of a made-up benchmark, for tests of what is looked for."""


def question(key: str, relation: str, text: str, answer: str, subject: str, kind: str) -> dict:
    """A question of the benchmark with what it is looked for by."""
    return {
        "id": key,
        "question": text,
        "answer": answer,
        "subject": subject,
        "answer_type": kind,
        "fact_ids": [f"m:{relation}:x"],
    }
