"""Every way in which logging in, inviting or handing out can be refused."""

from __future__ import annotations

from ledger.errors import FormError, LedgerError


class NotLoggedIn(LedgerError):
    """Nobody has been let in here, or no longer."""

    code = "not-logged-in"
    zh = "请先登录"
    en = "log in first"


class LoginRefused(LedgerError):
    """Which of name, password and code was wrong is never said."""

    code = "login-refused"
    zh = "用户名、密码或动态码不正确"
    en = "name, password or code is not correct"


class CodeNeeded(LedgerError):
    """The password was right; this account also asks for its one-time code."""

    code = "code-needed"
    zh = "请输入动态码"
    en = "enter the one-time code"


class Throttled(LedgerError):
    """Too many attempts; `retry_after` says after how many seconds the next one is looked at."""

    code = "login-throttled"
    zh = "尝试次数过多，请在 {retry_after} 秒后重试"
    en = "too many attempts; try again in {retry_after} seconds"


class PasskeyRefused(LedgerError):
    """What an authenticator said does not prove that it holds a passkey of an active account."""

    code = "passkey-refused"
    zh = "通行密钥未被接受：{reason}"
    en = "the passkey was not accepted: {reason}"


class OidcRefused(LedgerError):
    """What came from the organisation's log-in does not prove who somebody is."""

    code = "oidc-refused"
    zh = "统一身份认证未通过，请重新登录：{reason}"
    en = "the organisation's log-in was not accepted; sign in again: {reason}"


class NotLinked(LedgerError):
    """Somebody whom the organisation knows, and no active account here names."""

    code = "not-linked"
    zh = "没有有效账号与此统一身份关联；请先用密码登录，再在“我的账号”中关联"
    en = "no active account is linked with this log-in; sign in by password, then link it under My account"


class LinkTaken(LedgerError):
    """One log-in elsewhere lets in one account."""

    code = "link-taken"
    zh = "此统一身份已与另一个账号关联"
    en = "this log-in is linked with another account"


class NotAllowed(LedgerError):
    """The actor's roles do not reach so far."""

    code = "not-allowed"
    zh = "无权执行此操作"
    en = "no right to do this"


class NoSuch(LedgerError):
    """Absent, or another party's: the answer is the same."""

    code = "no-such-thing"
    zh = "未找到 {what}"
    en = "there is no {what}"


class NameTaken(LedgerError):
    """Log-in names and people's accounts are unique."""

    code = "name-taken"
    zh = "登录名 {name} 已被使用，或该人员已有账号"
    en = "the name {name} is taken, or the person has an account already"


class LastAdministrator(LedgerError):
    """A party without an administrator could let nobody in any more."""

    code = "last-administrator"
    zh = "这是该单位最后一名管理员"
    en = "this is the party's last administrator"


class NameUnfit(FormError):
    """A log-in name of another form."""

    code = "name-unfit"
    zh = "登录名不合规"
    en = "the log-in name is not well-formed"


class PasswordWeak(FormError):
    """A password that would be guessed."""

    code = "password-weak"
    zh = "密码过弱"
    en = "the password is too weak"


class RoleUnknown(FormError):
    """A role, or a set of roles, that does not exist."""

    code = "role-unknown"
    zh = "角色不正确"
    en = "the roles are not correct"


class ScopeUnknown(FormError):
    """A scope that does not exist or may not be given by this actor."""

    code = "bad-scope"
    zh = "令牌权限范围不正确"
    en = "the token's scopes are not correct"


class LinkInvalid(LedgerError):
    """A link that never was, has expired or was used."""

    code = "link-invalid"
    zh = "链接无效、已过期或已使用"
    en = "the link is not valid, has expired or was used"


class KeyWaits(LedgerError):
    """The same key was offered before."""

    code = "key-waits"
    zh = "该密钥已提交登记"
    en = "this key was offered before"
