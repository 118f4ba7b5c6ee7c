"""The supervisor: starts every process of the platform in order, starts anew what dies, and ends them all."""
