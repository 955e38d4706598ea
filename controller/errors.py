"""
Every error the product raises, and the one word each is known by.

    HarnessError
      UsageError                      the command line asks for something that does not exist
      ConfigError                     ctx.toml or a resource cannot be used as written
        ConfigSyntaxError  UndefinedVariableError  SecretNotFoundError  InvalidSpecError
          InvalidScheduleError
      RegistryError                   a registry cannot be brought onto the disk
        FetchError
          RepositoryNotFoundError  AuthenticationError  HostKeyError  CertificateError
          RedirectError  ReferenceNotFoundError  EmptyRepositoryError
          FetchTimeoutError  NetworkError  FetchCancelledError
        PublishError
          UnsafePathError  RepositoryLimitError  DiskFullError
        ManifestError
          MissingScriptError  ScriptInvalidError
        ConnectorNotFoundError
      ScriptError                     a Lua script ended badly
        ScriptSyntaxError  ContractError  ScriptTimeoutError  MemoryLimitError
        ItemLimitError  GuestCrashError  JailError  ScriptCancelledError
        CredentialsRejectedError
      CapabilityError                 a host function refuses its arguments; becomes a Lua error
        BlockedAddressError  ResponseTooLargeError
      StoreError                      the database refuses
        StoreUnavailableError  StoreCorruptError  SchemaTooNewError  SchemaTooOldError
        StoreFullError  StoreReadOnlyError  SourceOwnedError  SourceBusyError
        DocumentNotFoundError
      StateError                      the state directory of `ctx dev` cannot be used
        StateLockedError

`reason` is the word that conditions, events, metrics, logs and the CLI print.
`retryable` says whether trying again without any change can help.
Foreign exceptions are translated where their library lives, always `from error`.
"""

from typing import ClassVar


class HarnessError(Exception):
    """
    The root of the tree.

    A message names the object and ends without a full stop; it never holds a
    secret.  A hint says what to do about it.
    """

    reason: ClassVar[str] = "InternalError"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(HarnessError):
    """The command line names a thing that does not exist or cannot be combined."""

    reason = "InvalidUsage"


class ConfigError(HarnessError):
    """A setting cannot be used as written; the message names file and key."""

    reason = "InvalidConfig"


class ConfigSyntaxError(ConfigError):
    """A TOML or YAML file cannot be parsed; the message names file, line and column."""

    reason = "ParseError"


class UndefinedVariableError(ConfigError):
    """A `${VAR}` has no value; the message names variable, key and file."""

    reason = "UndefinedVariable"


class SecretNotFoundError(ConfigError):
    """A Secret or ConfigMap key that a resource names was found nowhere."""

    reason = "SecretNotFound"


class InvalidSpecError(ConfigError):
    """A resource breaks a rule of its CRD; nothing is retried until it changes."""

    reason = "InvalidSpec"


class InvalidScheduleError(InvalidSpecError):
    """A cron expression or a time zone means nothing, or never comes."""

    reason = "InvalidSchedule"


class RegistryError(HarnessError):
    """A registry cannot be brought onto the disk; the last good revision stays."""

    reason = "GitOperationFailed"
    retryable = True


class FetchError(RegistryError):
    """The remote did not give us the wanted revision."""


class RepositoryNotFoundError(FetchError):
    """The remote answers, and has no such repository (or hides it from us)."""

    reason = "RepositoryNotFound"


class AuthenticationError(FetchError):
    """The remote wants credentials, or refused the ones it got."""

    reason = "AuthenticationFailed"


class HostKeyError(FetchError):
    """The SSH host key is not the one in known_hosts."""

    reason = "HostKeyUnknown"


class CertificateError(FetchError):
    """The TLS certificate of the remote does not verify."""

    reason = "TLSVerificationFailed"


class RedirectError(FetchError):
    """The remote redirects; credentials are never carried to another address."""

    reason = "RedirectRefused"


class ReferenceNotFoundError(FetchError):
    """The branch, tag or commit that the resource names is not there."""

    reason = "ReferenceNotFound"


class EmptyRepositoryError(FetchError):
    """The repository has no commit yet."""

    reason = "EmptyRepository"


class FetchTimeoutError(FetchError):
    """The whole attempt took longer than `spec.timeout`."""

    reason = "Timeout"


class NetworkError(FetchError):
    """No connection: name resolution, refused, reset, or a 5xx of the remote."""

    reason = "NetworkError"


class FetchCancelledError(FetchError):
    """Somebody asked the attempt to stop."""

    reason = "Cancelled"


class PublishError(RegistryError):
    """A fetched revision could not be laid out as a directory."""

    reason = "CheckoutFailed"


class UnsafePathError(PublishError):
    """The tree holds a name that may not reach a disk."""

    reason = "UnsafePath"
    retryable = False


class RepositoryLimitError(PublishError):
    """The repository is larger than `spec.limits` allows."""

    reason = "LimitExceeded"
    retryable = False


class DiskFullError(PublishError):
    """The disk that holds registries is full."""

    reason = "DiskFull"


class ManifestError(RegistryError):
    """registry.toml cannot be used; the message names file and key."""

    reason = "ParseError"
    retryable = False


class MissingScriptError(ManifestError):
    """registry.toml names a script that the revision does not contain."""

    reason = "MissingScript"


class ScriptInvalidError(ManifestError):
    """A script of the revision does not compile; the message names file and line."""

    reason = "ScriptInvalid"


class ConnectorNotFoundError(RegistryError):
    """No registry in reach has the connector."""

    reason = "ConnectorNotFound"
    retryable = False


class ScriptError(HarnessError):
    """
    A script raised; `traceback` holds the Lua stack, outermost last.

    The text is that of specification 002 §7.1, so it stands under
    `script connector 'NAME' failed:`.
    """

    reason = "ScriptError"
    retryable = True

    def __init__(self, message: str, *, hint: str | None = None, traceback: str = "") -> None:
        super().__init__(message, hint=hint)
        self.traceback = traceback


class ScriptSyntaxError(ScriptError):
    """The script does not compile."""

    reason = "ScriptInvalid"
    retryable = False


class ContractError(ScriptError):
    """The script compiles, and is no connector: no table, no `scan`, a wrong return value."""

    reason = "ContractViolated"
    retryable = False


class ScriptTimeoutError(ScriptError):
    """One call of the script took longer than `timeout` (specification 002 §7.4)."""

    reason = "Timeout"


class MemoryLimitError(ScriptError):
    """The script holds more than `memory_limit`."""

    reason = "MemoryLimitExceeded"


class ItemLimitError(ScriptError):
    """The script returned more items, or a larger one, than its limits allow."""

    reason = "LimitExceeded"
    retryable = False


class GuestCrashError(ScriptError):
    """The process that ran the script died; the message names the signal."""

    reason = "GuestCrashed"


class JailError(ScriptError):
    """A guest could not be confined, and the run asks that it must be."""

    reason = "JailUnavailable"
    retryable = False


class ScriptCancelledError(ScriptError):
    """Somebody asked the run to stop."""

    reason = "Cancelled"


class CredentialsRejectedError(ScriptError):
    """The source answered 401 (or 403 to every request); retried only when an input changes."""

    reason = "CredentialsRejected"
    retryable = False


class CapabilityError(HarnessError):
    """A host function refuses its arguments; the script sees a Lua error with this message."""

    reason = "InvalidArgument"


class BlockedAddressError(CapabilityError):
    """The address may not be connected to from a script."""

    reason = "HTTPBlocked"


class ResponseTooLargeError(CapabilityError):
    """A response, or a file, is larger than `max_response_size`."""

    reason = "ResponseTooLarge"


class StoreError(HarnessError):
    """The database refuses; nothing half-written stays."""

    reason = "StoreError"


class StoreUnavailableError(StoreError):
    """The database cannot be opened, or stayed locked."""

    reason = "StoreUnavailable"
    retryable = True


class StoreCorruptError(StoreError):
    """The file is no database of ours, or a damaged one; it is left as it is."""

    reason = "StoreCorrupt"


class SchemaTooNewError(StoreError):
    """A newer release wrote this database; this one does not touch it."""

    reason = "SchemaTooNew"


class SchemaTooOldError(StoreError):
    """The database waits for a migration that this process may not run."""

    reason = "SchemaTooOld"


class StoreFullError(StoreError):
    """The disk that holds the database is full; the transaction was rolled back."""

    reason = "DiskFull"
    retryable = True


class StoreReadOnlyError(StoreError):
    """The database, or its directory, cannot be written."""

    reason = "StoreReadOnly"


class SourceOwnedError(StoreError):
    """The source belongs to another owner."""

    reason = "SourceOwned"


class SourceBusyError(StoreError):
    """Another run of the same source is alive."""

    reason = "SourceBusy"
    retryable = True


class DocumentNotFoundError(StoreError):
    """No document has this id."""

    reason = "DocumentNotFound"


class StateError(HarnessError):
    """The state directory of `ctx dev` cannot be used."""

    reason = "StateUnusable"


class StateLockedError(StateError):
    """Another `ctx dev` holds the state directory; the message names its process id."""

    reason = "StateLocked"
