#!/usr/bin/env bash
# Installs requirements.lock into the environment of $PYTHON: as it is, or with `cpu` without torch's CUDA libraries.
#
# torch for the CPU is published beside the registry that pip reads. uv knows where; without uv it has to be in the
# environment already, put there by the command of PyTorch's own page, and is left as it is.
set -euo pipefail
cd "$(dirname "$0")/.."
pip=("$PYTHON" -m pip install --quiet --disable-pip-version-check)

case "${1:-}" in
"")
	echo "Building the environment from requirements.lock: torch alone takes a few minutes and 6 GB."
	"${pip[@]}" --requirement requirements.lock
	exit
	;;
cpu) ;;
*)
	echo "TORCH=$1 is none of the choices: leave it out, or say TORCH=cpu." >&2
	exit 2
	;;
esac

listed=$(mktemp)
trap 'rm -f "$listed"' EXIT
grep -Ev '^(cuda|nvidia|triton)' requirements.lock >"$listed"

if "$PYTHON" -c 'import importlib.metadata as m; m.version("torch"), m.version("torchvision")' 2>/dev/null; then
	echo "Building the environment from requirements.lock with the torch that is there."
	sed -i.bak -E '/^torch(vision)?==/d' "$listed" && rm -f "$listed.bak"
	"${pip[@]}" --requirement "$listed"
elif command -v uv >/dev/null; then
	echo "Building the environment from requirements.lock with torch for the CPU."
	uv pip install --quiet --python "$PYTHON" --torch-backend=cpu --requirement "$listed"
else
	echo "TORCH=cpu needs uv (pip install uv), or torch and torchvision in the environment beforehand: run the command" >&2
	echo "that PyTorch's page Get Started shows for Pip and CPU, as $PYTHON -m pip install ..., then this again." >&2
	exit 2
fi
