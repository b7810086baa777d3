"""A kernel of another language, spoken to as if it were a guest of ours.

The bridge is a process that the kernel host starts like any guest. Towards the server it
speaks the guest's protocol (docs/spec/kernel.md): it numbers what it reports, keeps it until
it is acknowledged, and outlives the server. Towards the kernel it speaks Jupyter's protocol
by `jupyter_client`. So a kernel of any language is recorded, resumed and interrupted like
ours, and nothing above this floor knows the difference.
"""
