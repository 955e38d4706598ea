from controller.errors import CredentialsRejectedError
from controller.model.condition import Reason
from controller.model.recorded import Failure, RecordedSync, failure_of, reason_of
from controller.model.sync import RunError


def test_a_reason_of_a_newer_release_is_an_internal_error() -> None:
    assert reason_of("Timeout") is Reason.TIMEOUT
    assert reason_of("FluxCapacitorFailed") is Reason.INTERNAL_ERROR


def test_an_error_keeps_its_words() -> None:
    error = CredentialsRejectedError("jira answered 401", hint="renew the token")

    assert failure_of(error) == Failure(
        Reason.CREDENTIALS_REJECTED, "jira answered 401", "renew the token", retryable=False
    )


def test_an_error_of_a_run_and_one_without_a_hint_are_read_too() -> None:
    assert failure_of(RunError("Timeout", "too slow")) == Failure(Reason.TIMEOUT, "too slow")
    assert failure_of(CredentialsRejectedError("401")).hint == ""


def test_a_resource_never_looked_at_has_observed_nothing() -> None:
    assert RecordedSync().observed_generation == -1
