"""The payment provider: what paydesk needs of it, and Stripe's implementation."""
