"""A server that answers what it is told, with the simulators' switches: what all benches of server clients share."""

from kakehashi_simulators.faults import Faults


class SwitchedServer:
    """`faults` are those of the server whose exchange this is."""

    def __init__(self):
        self.faults = Faults()
        self._answer = lambda document: document
        self._documents = []

    def answer(self, document, *, over_capacity=False):
        self._documents.append(document)
        return self._answer(document)

    def answer_with(self, answer):
        self._answer = answer

    def delivered(self):
        return self._documents

    def lose_answers(self):
        self.faults.set({"drop_response_after_apply": True})

    def answer_never(self):
        self.faults.set({"answer_delay_seconds": 4.0})

    def answer_endlessly(self):
        self.faults.set({"huge_answer": True})

    def drip(self):
        self.faults.set({"slow_drip": True, "drip_seconds": 0.05})

    def refuse(self, status, retry_after):
        self.faults.set({"http_status": status, "retry_after": retry_after})

    def recover(self):
        self.faults.reset()
