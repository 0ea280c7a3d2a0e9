# Thin: everything happens in scripts/tasks.py, which also runs where there is no make (see README).
PYTHON ?= python3
TASK = @$(PYTHON) scripts/tasks.py

.PHONY: help run test test-full lint format lock package package-test
help:      ; @echo "make run | test | test-full | lint | format | lock | package [RELEASE=1] | package-test"
run:       ; $(TASK) run $(ARGS)
test:      ; $(TASK) test $(ARGS)
test-full: ; $(TASK) test-full $(ARGS)
lint:      ; $(TASK) lint
format:    ; $(TASK) format
lock:      ; $(TASK) lock
package:   ; $(TASK) package $(if $(RELEASE),--release) $(ARGS)
package-test: ; $(TASK) package-test $(ARGS)
