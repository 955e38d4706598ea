"""Conditions: the types, the closed list of reasons, and how one is set."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ConditionType(StrEnum):
    """Ready, Reconciling and Stalled are kstatus; the others say which part is meant."""

    READY = "Ready"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"
    ARTIFACT_IN_STORAGE = "ArtifactInStorage"
    FETCH_FAILED = "FetchFailed"
    STORAGE_FAILED = "StorageFailed"
    MANIFEST_VALID = "ManifestValid"
    UPDATE_AVAILABLE = "UpdateAvailable"
    CONNECTOR_RESOLVED = "ConnectorResolved"
    CONFIG_VALID = "ConfigValid"
    SYNCED = "Synced"


class ConditionStatus(StrEnum):
    """Kubernetes' three values."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Reason(StrEnum):
    """
    Every reason there is: of a condition, an event, a run's error, a metric label.

    Errors carry theirs as `HarnessError.reason`; a test compares the two lists.
    """

    # Progress
    SUCCEEDED = "Succeeded"
    SUCCEEDED_WITH_WARNINGS = "SucceededWithWarnings"
    PROGRESSING = "Progressing"
    PROGRESSING_WITH_RETRY = "ProgressingWithRetry"
    QUEUED = "Queued"
    PARTIAL = "Partial"
    NEW_REVISION = "NewRevision"
    MISSING = "Missing"
    # Settings
    INVALID_USAGE = "InvalidUsage"
    INVALID_CONFIG = "InvalidConfig"
    PARSE_ERROR = "ParseError"
    UNDEFINED_VARIABLE = "UndefinedVariable"
    SECRET_NOT_FOUND = "SecretNotFound"  # noqa: S105  the reason's name, no secret
    INVALID_SPEC = "InvalidSpec"
    INVALID_SCHEDULE = "InvalidSchedule"
    MISSING_REQUIRED_CONFIG = "MissingRequiredConfig"
    # Registries
    GIT_OPERATION_FAILED = "GitOperationFailed"
    REPOSITORY_NOT_FOUND = "RepositoryNotFound"
    AUTHENTICATION_FAILED = "AuthenticationFailed"
    HOST_KEY_UNKNOWN = "HostKeyUnknown"
    TLS_VERIFICATION_FAILED = "TLSVerificationFailed"
    REDIRECT_REFUSED = "RedirectRefused"
    REFERENCE_NOT_FOUND = "ReferenceNotFound"
    EMPTY_REPOSITORY = "EmptyRepository"
    NETWORK_ERROR = "NetworkError"
    CHECKOUT_FAILED = "CheckoutFailed"
    UNSAFE_PATH = "UnsafePath"
    LIMIT_EXCEEDED = "LimitExceeded"
    DISK_FULL = "DiskFull"
    MISSING_SCRIPT = "MissingScript"
    SCRIPT_INVALID = "ScriptInvalid"
    REGISTRY_NOT_FOUND = "RegistryNotFound"
    REGISTRY_NOT_READY = "RegistryNotReady"
    CONNECTOR_NOT_FOUND = "ConnectorNotFound"
    # Scripts
    SCRIPT_ERROR = "ScriptError"
    CONTRACT_VIOLATED = "ContractViolated"
    TIMEOUT = "Timeout"
    MEMORY_LIMIT_EXCEEDED = "MemoryLimitExceeded"
    GUEST_CRASHED = "GuestCrashed"
    JAIL_UNAVAILABLE = "JailUnavailable"
    CANCELLED = "Cancelled"
    INTERRUPTED = "Interrupted"
    CREDENTIALS_REJECTED = "CredentialsRejected"
    REQUEST_FAILED = "RequestFailed"
    INVALID_ARGUMENT = "InvalidArgument"
    HTTP_BLOCKED = "HTTPBlocked"
    RESPONSE_TOO_LARGE = "ResponseTooLarge"
    RETRY_LIMIT_REACHED = "RetryLimitReached"
    # Stores and state
    STORE_ERROR = "StoreError"
    STORE_UNAVAILABLE = "StoreUnavailable"
    STORE_CORRUPT = "StoreCorrupt"
    STORE_READ_ONLY = "StoreReadOnly"
    SCHEMA_TOO_NEW = "SchemaTooNew"
    SCHEMA_TOO_OLD = "SchemaTooOld"
    SOURCE_OWNED = "SourceOwned"
    SOURCE_BUSY = "SourceBusy"
    DOCUMENT_NOT_FOUND = "DocumentNotFound"
    STATE_UNUSABLE = "StateUnusable"
    STATE_LOCKED = "StateLocked"
    INTERNAL_ERROR = "InternalError"


@dataclass(frozen=True, slots=True)
class Condition:
    """One line of `status.conditions`."""

    type: ConditionType
    status: ConditionStatus
    reason: Reason
    message: str
    last_transition: datetime
    observed_generation: int


Conditions = Mapping[ConditionType, Condition]


def set_condition(conditions: Conditions, new: Condition) -> dict[ConditionType, Condition]:
    """Put a condition in; its transition time moves only when its status does."""
    old = conditions.get(new.type)
    if old is not None and old.status == new.status:
        new = Condition(
            new.type,
            new.status,
            new.reason,
            new.message,
            old.last_transition,
            new.observed_generation,
        )
    return {**conditions, new.type: new}


def without(conditions: Conditions, kind: ConditionType) -> dict[ConditionType, Condition]:
    """Take a condition out; abnormal-true conditions are absent when all is well."""
    return {name: condition for name, condition in conditions.items() if name is not kind}
