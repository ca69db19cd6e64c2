"""Grading many submissions: student code runs in a sandbox, the judge outside it, and only plain data goes between.

    submissions ─ run ─ Grader ─ judge                     trusted; reads students' bytes, runs none of their code
                          │
                     Conversation ── Help ────────────▶ helper     the course's functions, no student code
                       │      ▲      ◀─ Returned, Failed ──┘
        Request, Case, │      │      ◀─ CallBack ──────────┘  (a function that the student handed in as an argument)
        Enough         │      │
      ─ ─ ─ ─ ─ ─ ─ ─ ─│─ ─ ─ ┴ Found, Absent, NeedsTensorFlow, Value, Raised; Ended
        the wall       ▼      │
                     worker ──┤                            inside/ is all of this package that it has
                       │      └ Borrow, Try (call a function of the course, or candidate); Returned, Failed
                    answer                                 a process for each, forked from the worker

`inside/messages.py` has the messages, `inside/wire.py` their bytes. A message that is none, or not one that may come at
that point, is tampering: it ends the worker and earns nothing. One clock runs while anyone works for the answer.
"""
