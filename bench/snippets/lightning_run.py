"""lightning_run.py FOLDER ACCUMULATION PROCESSES: a Trainer with clipping (and DDP), logs to FOLDER/metrics.csv."""

import sys
import warnings

import lightning as L
import linear
import torch
from lightning.pytorch.loggers import CSVLogger

ACCUMULATION, PROCESSES, MICRO = int(sys.argv[2]), int(sys.argv[3]), 4


class Module(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.linear = linear.torch_model()

    def training_step(self, batch):
        x, y = batch
        loss = ((self.linear(x) - y) ** 2).mean() / 2
        self.log("train_loss", loss)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.0)


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    x, y = linear.torch_samples(MICRO * ACCUMULATION * PROCESSES * linear.STEPS, 1)
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=MICRO, shuffle=True)
    trainer = L.Trainer(
        accelerator="cpu",
        devices=PROCESSES,
        strategy="ddp_spawn" if PROCESSES > 1 else "auto",
        accumulate_grad_batches=ACCUMULATION,
        gradient_clip_val=0.1,
        max_steps=linear.STEPS,
        log_every_n_steps=1,
        logger=CSVLogger(sys.argv[1], name="", version=""),
        callbacks=[linear.snippet("lightning").NoiseLog(MICRO)],
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
    )
    trainer.fit(Module(), data)
    linear.done(N=linear.noise_scale_of(x, y), batches=[MICRO, MICRO * ACCUMULATION * PROCESSES])
