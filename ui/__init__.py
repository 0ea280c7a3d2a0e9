"""The Qt shell, the web board's host and the dialogs. The only place that imports PySide6."""
