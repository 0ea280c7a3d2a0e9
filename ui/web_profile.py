"""A browser profile and page that may only show ``planner://app/``: nothing is stored, asked, opened or downloaded."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QObject, QUrl
from PySide6.QtWebEngineCore import (
    QWebEngineDownloadRequest,
    QWebEnginePage,
    QWebEngineProfile,
    QWebEngineSettings,
    QWebEngineUrlRequestInfo,
    QWebEngineUrlRequestInterceptor,
)

from ui.scheme import HOST, SCHEME, Api, SchemeHandler, trial_image_host

_log = logging.getLogger("taktwerk.web")
_Setting = QWebEngineSettings.WebAttribute
_OFF: Final = (
    _Setting.LocalContentCanAccessFileUrls,
    _Setting.LocalContentCanAccessRemoteUrls,
    _Setting.JavascriptCanOpenWindows,
    _Setting.JavascriptCanAccessClipboard,
    _Setting.JavascriptCanPaste,
    _Setting.PdfViewerEnabled,
    _Setting.PluginsEnabled,
    _Setting.NavigateOnDropEnabled,
    _Setting.LocalStorageEnabled,
    _Setting.WebGLEnabled,
    _Setting.AutoLoadIconsForPage,
    _Setting.TouchIconsEnabled,
    _Setting.FullScreenSupportEnabled,
    _Setting.ScreenCaptureEnabled,
    _Setting.DnsPrefetchEnabled,
    _Setting.HyperlinkAuditingEnabled,
    _Setting.AllowRunningInsecureContent,
    _Setting.AllowGeolocationOnInsecureOrigins,
    _Setting.AllowWindowActivationFromJavaScript,
    _Setting.ErrorPageEnabled,
    _Setting.SpatialNavigationEnabled,
)
_LEVELS: Final = {
    QWebEnginePage.JavaScriptConsoleMessageLevel.InfoMessageLevel: logging.DEBUG,
    QWebEnginePage.JavaScriptConsoleMessageLevel.WarningMessageLevel: logging.WARNING,
    QWebEnginePage.JavaScriptConsoleMessageLevel.ErrorMessageLevel: logging.ERROR,
}
_LONGEST_LOG: Final = 500


def make_profile(bryntum: Path | None, api: Api, parent: QObject | None) -> QWebEngineProfile:
    """Return an off-the-record profile that serves our scheme and refuses everything else."""
    profile = QWebEngineProfile(parent)
    settings = profile.settings()
    for attribute in _OFF:
        settings.setAttribute(attribute, False)
    settings.setAttribute(_Setting.PlaybackRequiresUserGesture, True)
    profile.setHttpCacheType(QWebEngineProfile.HttpCacheType.NoCache)
    profile.setSpellCheckEnabled(False)
    profile.downloadRequested.connect(_refuse_download)
    profile.setUrlRequestInterceptor(_OwnRequestsOnly(trial_image_host(bryntum), profile))
    profile.installUrlSchemeHandler(SCHEME, SchemeHandler(bryntum, api, profile))
    return profile


def is_own(url: QUrl) -> bool:
    """Whether an address is one of ours."""
    return url.scheme() == SCHEME.decode() and url.host() == HOST


class OwnPage(QWebEnginePage):
    """A page that never leaves ``planner://app/`` and denies whatever it is asked for."""

    def __init__(self, profile: QWebEngineProfile, parent: QObject | None = None) -> None:
        super().__init__(profile, parent)
        if hasattr(self, "permissionRequested"):
            self.permissionRequested.connect(lambda permission: permission.deny())
        self.fullScreenRequested.connect(lambda request: request.reject())
        self.registerProtocolHandlerRequested.connect(lambda request: request.reject())
        self.fileSystemAccessRequested.connect(lambda request: request.reject())
        self.certificateError.connect(lambda error: error.rejectCertificate())

    def acceptNavigationRequest(self, url: QUrl | str, type: Any, isMainFrame: bool) -> bool:
        """Allow our own pages in the main frame only."""
        allowed = isMainFrame and is_own(QUrl(url))
        if not allowed:
            _log.warning("navigation to %s refused", QUrl(url).toString()[:_LONGEST_LOG])
        return allowed

    def createWindow(self, type: Any) -> Any:
        """Open no windows."""
        return None

    def chooseFiles(self, mode: Any, oldFiles: Any, acceptedMimeTypes: Any) -> list[str]:
        """Hand out no files."""
        return []

    def javaScriptAlert(self, securityOrigin: Any, msg: str) -> None:
        """Show no dialogs."""

    def javaScriptConfirm(self, securityOrigin: Any, msg: str) -> bool:
        """Confirm nothing."""
        return False

    def javaScriptConsoleMessage(self, level: Any, message: str, lineNumber: int, sourceID: str) -> None:
        """Pass the page's messages to the log."""
        source = sourceID.removeprefix(f"{SCHEME.decode()}://")
        _log.log(_LEVELS.get(level, logging.WARNING), "%s:%d %s", source, lineNumber, message[:_LONGEST_LOG])


class _OwnRequestsOnly(QWebEngineUrlRequestInterceptor):
    """Blocks every request that does not go to our scheme; a trial package's image request is the one exception."""

    def __init__(self, image_host: str | None, parent: QObject) -> None:
        super().__init__(parent)
        self._image_host = QUrl(image_host).host() if image_host else None

    def interceptRequest(self, info: QWebEngineUrlRequestInfo) -> None:
        url = info.requestUrl()
        if is_own(url) or url.scheme() in ("data", "blob"):
            return
        image = info.resourceType() == QWebEngineUrlRequestInfo.ResourceType.ResourceTypeImage
        if image and url.scheme() == "https" and url.host() == self._image_host:
            return
        _log.warning("request to %s blocked", url.toString()[:_LONGEST_LOG])
        info.block(True)


def _refuse_download(request: QWebEngineDownloadRequest) -> None:
    _log.warning("download of %s refused", request.url().toString()[:_LONGEST_LOG])
    request.cancel()
