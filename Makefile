# Thin on purpose: every verb is a script that can be read and run by itself.
PREFIX ?= /usr/local
DESTDIR ?=
BUILD ?= release

.DEFAULT_GOAL := help
.PHONY: help setup build test test-v2 conformance chaos truth lint fmt reference bench fuzz demo install uninstall clean

help: ## List the verbs
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

setup: ## Install what building and testing need (Debian, root); says what cannot be had
	@scripts/setup

build: ## Build the four programs (BUILD=release or debug)
	@BUILD=$(BUILD) scripts/build

test: ## Build everything and run all tests on real containers (root); fails if a test leaves anything behind
	@scripts/test

test-v2: ## Run tests of stops and hangs in a machine with cgroup v2, NFS and device-mapper (FILTER=…; emulated, some minutes)
	@scripts/test-v2 $(if $(FILTER),"$(FILTER)")

conformance: ## Hold a private quelld against Docker's OpenAPI document, then run docker's own clients against it (many minutes)
	@BUILD=$(BUILD) scripts/conformance
	@BUILD=$(BUILD) conformance/run

chaos: ## Random orders while everything around fails, audited against the kernel (MINUTES=n, SEED=s, BUILD=…)
	@BUILD=$(BUILD) MINUTES=$(MINUTES) SEED=$(SEED) scripts/chaos

truth: ## Stop containers by the thousands and look whether each has ended (STOPS=n, SEED=s, BUILD=…; 100,000 take an hour)
	@BUILD=$(BUILD) STOPS=$(STOPS) SEED=$(SEED) scripts/truth

lint: ## Format, imports between modules, shell scripts, links and completeness of documents
	@scripts/lint

fmt: ## Format all Swift sources in place
	@scripts/fmt

fuzz: ## Run the randomized tests with a fresh seed (QUELL_SEED=n repeats a run)
	@scripts/fuzz

reference: ## Write docs/reference.md anew from the programs' help (BUILD=release or debug)
	@BUILD=$(BUILD) scripts/reference

bench: ## Measure against crun, docker and podman (release; never in CI)
	@bench/run

demo: ## Stop five containers, one of which cannot die, and check every claim (BUILD=release or debug)
	@BUILD=$(BUILD) scripts/demo

install: ## Install programs, systemd unit and completions under DESTDIR and PREFIX
	@DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)" scripts/install

uninstall: ## Remove what install installed; images, containers and configuration stay
	@DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)" scripts/install --remove

clean: ## Remove what was built
	rm -rf .build .build-*
