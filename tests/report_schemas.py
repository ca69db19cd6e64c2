"""JSON schemas of the report formats, written from their documentation."""

TEXT, NUMBER, COUNT = {"type": "string"}, {"type": "number", "minimum": 0}, {"type": "integer", "minimum": 0}
VISIBILITY = {"enum": ["hidden", "after_due_date", "after_published", "visible"]}
FORMAT = {"enum": ["text", "html", "simple_format", "md", "ansi"]}


def _object(required, **optional):
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": list(required),
        "additionalProperties": False,
    }


GRADESCOPE = _object(
    {
        "tests": {
            "type": "array",
            "items": _object(
                {"score": NUMBER, "max_score": NUMBER, "status": {"enum": ["passed", "failed"]}, "name": TEXT},
                number=TEXT,
                output=TEXT,
                output_format=FORMAT,
                tags={"type": "array", "items": TEXT},
                visibility=VISIBILITY,
                extra_data={"type": "object"},
            ),
        }
    },
    score=NUMBER,
    output=TEXT,
    output_format=FORMAT,
    visibility=VISIBILITY,
    stdout_visibility=VISIBILITY,
    execution_time=NUMBER,
    extra_data={"type": "object"},
)

CLASSROOM50 = _object(
    {
        "schema": {"const": "classroom50/result/v1"},
        **dict.fromkeys(["classroom", "assignment", "assignment_type", "owner", "submission"], TEXT),
        **dict.fromkeys(["commit", "release", "review"], TEXT),
        "datetime": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
        "score": COUNT,
        "max-score": COUNT,
        "tests": {
            "type": "array",
            "items": _object({"test-name": TEXT, "passed": {"type": "boolean"}, "score": COUNT, "max-score": COUNT}),
        },
    }
)

STATUS = ["right", "wrong", "not started", "missing", "crashed", "timed out", "out of memory", "tampered"]
REPORT = _object(
    {
        "schema": {"const": "cnnlearn/report/v1"},
        "lesson": COUNT,
        "seed": {"type": "string", "pattern": r"^\d+$"},
        "sandboxed": {"type": "boolean"},
        "grader": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "students": {
            "type": "array",
            "items": _object(
                {
                    "student": TEXT,
                    "files": {"type": "array", "items": TEXT},
                    "unused": {"type": "array", "items": TEXT},
                    "modified": TEXT,
                    "late": {"type": "boolean"},
                    "points": NUMBER,
                    "possible": COUNT,
                    "exercises": {
                        "type": "array",
                        "items": _object(
                            {
                                "name": TEXT,
                                "status": {"enum": [*STATUS, "unreadable", "nothing to grade", "grader's fault"]},
                                "kind": TEXT,
                                "mistake": TEXT,
                                "points": NUMBER,
                                "possible": COUNT,
                                "cases": {"type": "array", "items": COUNT, "minItems": 2, "maxItems": 2},
                                "explanation": {"type": "array", "items": TEXT},
                                "said": TEXT,
                                "printed": TEXT,
                            }
                        ),
                    },
                }
            ),
        },
    }
)
