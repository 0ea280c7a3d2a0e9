"""The dialogs that take files in and hand plans on."""
